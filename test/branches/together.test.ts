import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { base, branches, check, create, isHealthy, projectName } from '../helpers/branch-project.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-together-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('a project with all branches', () => {
  const root = join(work, projectName);

  it('is created and set up, and leaves a clean tree', () => create(root, branches));
  it('passes its checks and the tests of the base', () => check(root, base, 85));
  it('is healthy, and up to date with its template', () => isHealthy(root));
});
