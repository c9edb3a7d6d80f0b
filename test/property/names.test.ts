import { execFileSync } from 'node:child_process';
import { posix } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { normaliseDistribution, projectNames, type ProjectNames } from '../../src/core/names.js';
import { linkFault, pathFault } from '../../src/core/paths.js';
import { renderText } from '../../src/core/render.js';
import { temporaryFolder } from '../helpers/context.js';
import { runs } from '../helpers/runs.js';
import { git } from '../helpers/tiny-project.js';

function namesOrNone(name: string): ProjectNames | undefined {
  try {
    return projectNames(name);
  } catch {
    return undefined;
  }
}

const nameText = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9._-]{0,12}$/),
  fc.constantFrom('CON', 'con', 'aux.x', 'json', 'class', 'none', 'test', '.', '..', '_', 'x.git', '1', '-'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);

it('a name that is accepted makes a package that Python can import, and text that needs no quotes', () => {
  const code = [
    'import json, keyword, sys',
    'names = json.load(sys.stdin)',
    'ok = lambda n: n.isidentifier() and n.isascii() and not keyword.iskeyword(n) and n not in sys.stdlib_module_names',
    'print(json.dumps([n for n in names if not ok(n)]))',
  ].join('\n');
  fc.assert(
    fc.property(fc.array(nameText, { minLength: 50, maxLength: 50 }), (candidates) => {
      const accepted = candidates.flatMap((name) => namesOrNone(name) ?? []);
      for (const { project_name, package_name } of accepted) {
        expect(pathFault(`src/${package_name}/__init__.py`)).toBeUndefined();
        expect(posix.basename(project_name)).toBe(project_name);
        expect(renderText('{{project_name}}', { project_name }, 'a')).toBe(project_name);
        expect(normaliseDistribution(project_name)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      }
      const input = JSON.stringify(accepted.map(({ package_name }) => package_name));
      expect(JSON.parse(execFileSync('python3', ['-c', code], { input, encoding: 'utf8' }))).toEqual([]);
    }),
    { numRuns: Math.ceil(runs().numRuns / 50) },
  );
});

const pathPart = fc.oneof(
  fc.constantFrom(
    '.git',
    '.GIT',
    'git~1',
    '.gi\u200ct',
    '.git ',
    '.git.',
    '.git::$INDEX_ALLOCATION',
    '.git . :x',
    '..',
    '.',
    '',
  ),
  fc.stringMatching(/^[.gitGIT~1 :]{1,8}$/),
  fc.stringMatching(/^[a-c./\\: ]{0,6}$/),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 5 }),
);
const pathText = fc.array(pathPart, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

it('a path that is accepted stays below the root, and git takes it on every file system', () => {
  const folder = temporaryFolder();
  git(folder, 'init', '--quiet');
  const config = ['core.protectNTFS=true', 'core.protectHFS=true'].flatMap((option) => ['-c', option]);
  const blob = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';
  fc.assert(
    fc.property(fc.array(pathText, { minLength: 50, maxLength: 50 }), (candidates) => {
      const accepted = candidates.filter((path) => pathFault(path) === undefined);
      for (const path of accepted) expect(posix.resolve('/root', path)).toBe(`/root/${path}`);
      const input = accepted.map((path, i) => `100644 ${blob} 0\t${i}/${path}\0`).join('');
      const args = [...config, 'update-index', '-z', '--index-info'];
      expect(() => execFileSync('git', args, { cwd: folder, input, stdio: 'pipe' })).not.toThrow();
    }),
    { numRuns: Math.ceil(runs().numRuns / 50) },
  );
});

it('a link that is accepted stays below the root, by whatever links it leads', () => {
  fc.assert(
    fc.property(pathText, pathText, (path, target) => {
      fc.pre(pathFault(path) === undefined && linkFault(path, target) === undefined);
      const parts = target.split('/').filter((part) => part !== '' && part !== '.');
      const ups = parts.filter((part) => part === '..').length;
      expect(parts.slice(0, ups).every((part) => part === '..')).toBe(true);
      expect(ups).toBeLessThan(path.split('/').length);
      expect(posix.resolve('/root', posix.dirname(path), target)).toMatch(/^\/root(\/|$)/);
    }),
    runs(),
  );
});
