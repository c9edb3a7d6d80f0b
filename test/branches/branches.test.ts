import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cli, repository, run, runWith } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-branches-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const branches = readdirSync(join(repository, 'branches')).sort();

/**
 * No branch, every branch alone and, where there are several, all of them together. A new folder is covered at once.
 * All tests of the base take minutes: they run with all branches here, and in the plain project of the README.
 */
const projects = [
  { name: 'plain-project', chosen: [] as string[] },
  ...branches.map((branch) => ({ name: `zeta-${branch}`, chosen: [branch] })),
  ...(branches.length > 1 ? [{ name: 'all-branches', chosen: branches }] : []),
];

/** The test files that a branch brings, as they are called in a project. */
function testsOf(branch: string): string[] {
  const files = join(repository, 'branches', branch, 'files');
  return readdirSync(join(files, 'tests'), { recursive: true, encoding: 'utf8' })
    .filter((path) => /(^|\/)test_[^/]*\.py(\.hbs)?$/.test(path))
    .map((path) => `tests/${path.replace(/\.hbs$/, '')}`);
}

describe.each(projects)('a project with $chosen', ({ name, chosen }) => {
  const root = join(work, name);

  it('is created and set up, and leaves a clean tree', () => {
    run(work, process.execPath, cli, 'new', root, '--yes', ...chosen.flatMap((branch) => ['--branch', branch]));
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })).toBe('');
  });

  it('passes its own checks and tests', () => {
    const pytest =
      chosen.length === branches.length ? '' : ['--no-cov tests/unit/config', ...chosen.flatMap(testsOf)].join(' ');
    runWith({ PYTEST_ADDOPTS: pytest }, root, 'make', 'all-checks');
  });

  it('is healthy, and up to date with its template', () => {
    run(root, process.execPath, cli, 'doctor');
    run(root, process.execPath, cli, 'sync', '--check');
    const status = JSON.parse(run(root, process.execPath, cli, 'status', '--json')) as { files: { state: string }[] };
    expect(status.files.filter(({ state }) => state !== 'as template')).toEqual([]);
  });
});
