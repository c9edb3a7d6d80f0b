import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { branches, branchLayer, check, create, isHealthy } from '../helpers/branch-project.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-branches-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A new folder is covered at once. The tests of the base take minutes: they run once, in the project of all branches. */
describe.each(branches)('a project with %s', (branch) => {
  const root = join(work, `zeta-${branch}`);

  it('is created and set up, and leaves a clean tree', () => create(root, [branch]));
  it("passes its checks and its branch's tests", () => check(root, branchLayer(branch), 70));
  it('is healthy, and up to date with its template', () => isHealthy(root));
});
