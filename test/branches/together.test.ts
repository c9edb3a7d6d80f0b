import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { base, branches, check, create, isHealthy, projectName, testsTogether } from '../helpers/branch-project.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-together-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('a project with all branches', () => {
  const root = join(work, projectName);

  it('is created and set up, and leaves a clean tree', () => create(root, branches));
  it('passes its checks, the tests of the base, and those of what branches bring to each other', () => {
    const together = testsTogether(root);
    expect(together).toContain('tests/integration/features/test_assistant.py');
    check(root, base, 85, together);
  });
  it('is healthy, and up to date with its template', () => isHealthy(root));
});
