import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { branchLayer, check, create, isHealthy, projectName, uncommitted } from './branch-project.js';
import { cli, run } from './project-commands.js';
import { skipsNothingElse } from './skips.js';

/**
 * What holds for a project with one branch. Each branch has a file of its own, so that several run at once. The tests of the
 * base take minutes: they run once, in the project of all branches. Extras are those that its tests can use, and `dev` leaves out;
 * tasks are its demo, and tests with packages that can't be there beside others.
 */
export function ownTests(branch: string, extras: readonly string[] = [], tasks: readonly string[] = []): void {
  const work = mkdtempSync(join(tmpdir(), `mlsys-${branch}-`));
  const root = join(work, projectName);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  describe(`a project with ${branch}`, () => {
    it('is created and set up, and leaves a clean tree', () => create(root, [branch]));
    it.runIf(extras.length > 0)('takes extras', () => {
      run(root, 'uv', 'sync', ...['dev', ...extras].flatMap((extra) => ['--extra', extra]));
    });
    it("passes its checks and its branch's tests", () => check(root, branchLayer(branch), 70));
    it('is healthy, and up to date with its template', () => isHealthy(root));
    it.each(tasks)('passes its task %s, and leaves a clean tree', (task) => {
      skipsNothingElse(run(root, process.execPath, cli, task), []);
      expect(uncommitted(root)).toBe('');
    });
  });
}
