import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { cli, repository, run, runWith } from './project-commands.js';
import { skipsNothingElse } from './skips.js';

/** Projects whose packages have one name have their checked types in common, which takes a minute for each without. */
export const projectName = 'zeta-lab';

export const branches = readdirSync(join(repository, 'branches')).sort();

/** The layers whose own tests a project runs; those of all others are run in other projects. */
export const base = join(repository, 'templates/base');
export const branchLayer = (branch: string) => join(repository, 'branches', branch);

/** What of a layer lies in a folder, by its names in a project, in one order on all file systems; what an answer leaves out is not there. */
function own(layer: string, root: string, folder: string, wanted: RegExp): string[] {
  const files = join(layer, 'files');
  return readdirSync(join(files, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path).replace('{{package_name}}', basename(root).replaceAll('-', '_')))
    .map((path) => path.replace(/\.hbs$/, ''))
    .filter((path) => wanted.test(path) && existsSync(join(root, path)))
    .sort();
}

export function create(root: string, chosen: readonly string[]): void {
  run(join(root, '..'), process.execPath, cli, 'new', root, '--yes', ...chosen.flatMap((one) => ['--branch', one]));
  expect(uncommitted(root)).toBe('');
}

/** What git would take into the next commit. */
export function uncommitted(root: string): string {
  return execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
}

const isTest = /(^|\/)test_[^/]*\.py$/;

/** The tests of what branches bring to each other: a project with one branch has none of them. */
export function testsTogether(root: string): string[] {
  const files = branches.flatMap((name) => {
    const shown = run(root, process.execPath, cli, 'branch', 'show', name, '--json');
    return (JSON.parse(shown) as { together: { files: string[] }[] }).together.flatMap((part) => part.files);
  });
  const tests = files.map((path) => path.replace(/\.hbs$/, '')).filter((path) => isTest.test(path));
  return [...new Set(tests)];
}

/**
 * Runs all checks, with the tests of a layer, those that look at the project as a whole and more that are named, and holds the
 * layer's code to a share that its own tests run. What they start in other processes is not counted. In CI nothing may be missing
 * that a test needs.
 */
export function check(root: string, layer: string, least: number, more: readonly string[] = []): void {
  const tests = [...own(layer, root, 'tests', isTest), ...more];
  const whole = ['tests/unit/config', 'tests/integration/test_docs.py', 'tests/integration/test_shipped_config.py'];
  const addopts = ['--cov-fail-under=0', ...whole, ...tests].join(' ');
  skipsNothingElse(runWith({ PYTEST_ADDOPTS: addopts }, root, 'make', 'all-checks'));
  const include = own(layer, root, 'src', /\.py$/).join(',');
  run(root, 'uv', 'run', 'coverage', 'report', `--include=${include}`, `--fail-under=${least}`);
}

export function isHealthy(root: string): void {
  run(root, process.execPath, cli, 'doctor');
  run(root, process.execPath, cli, 'sync', '--check');
  const status = JSON.parse(run(root, process.execPath, cli, 'status', '--json')) as { files: { state: string }[] };
  expect(status.files.filter(({ state }) => state !== 'as template')).toEqual([]);
}
