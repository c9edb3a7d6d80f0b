import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadBuiltin } from '../../../src/adapters/source.js';
import { projectNames } from '../../../src/core/names.js';
import { renderTarget } from '../../../src/core/project.js';
import { testContext } from '../../helpers/context.js';

const names = projectNames('my-project');

/** The module that a line imports from, as a path without its ending; only those of the project. */
function imported(path: string, line: string): string | undefined {
  const [, dots = '', name = ''] = /^\s*from (\.*)([\w.]*) import /.exec(line) ?? [];
  const below = name.replaceAll('.', '/');
  if (dots) return posix.join(posix.dirname(path), '../'.repeat(dots.length - 1), below).replace(/\/$/, '');
  return name.split('.')[0] === 'my_project' ? `src/${below}` : undefined;
}

describe('a project of all branches', () => {
  it.each(['api', 'mlflow'])('imports nothing that is left out with %s', (part) => {
    const { template } = loadBuiltin(testContext());
    const branches = [...template.branches.keys()];
    const { baseline } = renderTarget({ template, branches, names, given: new Map([[part, 'false']]) });
    const python = [...baseline].filter(([path]) => path.endsWith('.py') && /^(?:src|tests)\//.test(path));
    expect(python.length).toBeGreaterThan(100);
    const missing = python.flatMap(([path, { bytes }]) =>
      Buffer.from(bytes)
        .toString()
        .split('\n')
        .map((line) => imported(path, line))
        .filter((module) => module && !baseline.has(`${module}.py`) && !baseline.has(`${module}/__init__.py`))
        .map((module) => `${path}: ${module}`),
    );
    expect(missing).toEqual([]);
  });
});
