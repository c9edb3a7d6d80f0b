import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cli, repository, run } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-branches-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const branches = readdirSync(join(repository, 'branches')).sort();

/** Every branch alone and, where there are several, all of them together. A new folder is covered at once. */
const projects = [
  { name: 'plain-project', chosen: [] as string[] },
  ...branches.map((branch) => ({ name: `zeta-${branch}`, chosen: [branch] })),
  ...(branches.length > 1 ? [{ name: 'all-branches', chosen: branches }] : []),
];

describe.each(projects)('a project with $chosen', ({ name, chosen }) => {
  const root = join(work, name);

  it('is created and set up, and leaves a clean tree', () => {
    run(work, process.execPath, cli, 'new', root, '--yes', ...chosen.flatMap((branch) => ['--branch', branch]));
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })).toBe('');
  });

  it('passes its own checks and tests', () => {
    run(root, 'make', 'all-checks');
  });

  it('is healthy, and up to date with its template', () => {
    run(root, process.execPath, cli, 'doctor');
    run(root, process.execPath, cli, 'sync', '--check');
    const status = JSON.parse(run(root, process.execPath, cli, 'status', '--json')) as { files: { state: string }[] };
    expect(status.files.filter(({ state }) => state !== 'as template')).toEqual([]);
  });
});
