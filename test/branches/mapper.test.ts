import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cli, run } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-mapper-'));
const root = join(work, 'texts');
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('a project with use_case=mapper', () => {
  it('is created and set up, with a taxonomy in place of documents', () => {
    const chosen = ['--branch', 'llm-finetuning', '--set', 'use_case=mapper'];
    run(work, process.execPath, cli, 'new', root, '--yes', ...chosen);
    expect(execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })).toBe('');
    expect(existsSync(join(root, 'data/documents'))).toBe(false);
    expect(existsSync(join(root, 'data/taxonomy.yaml'))).toBe(true);
  });

  it('passes its checks, and the tests that are its own', () => {
    for (const check of ['format-check', 'lint', 'type']) run(root, 'make', check);
    run(root, 'uv', 'run', 'pytest', '--no-cov', '-q', 'tests/unit/llm/mapper', 'tests/integration/llm/test_mapper.py');
  });

  // The other seed is trained on for a third as long.
  it.each(['--seed 0', '--seed 1 --set llm.training.epochs=1'])(
    'finds more categories of unseen texts after training than before: %s',
    (options) => {
      run(root, 'make', 'demo', `ARGS=${options}`);
      const report = JSON.parse(readFileSync(join(root, 'reports/demo-llm-finetuning/report.json'), 'utf8')) as Record<
        'base' | 'tuned',
        { accuracy: number }
      >;
      expect(report.tuned.accuracy - report.base.accuracy).toBeGreaterThanOrEqual(0.1);
    },
  );
});
