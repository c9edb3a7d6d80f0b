import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { projectName } from '../helpers/branch-project.js';
import { guideCommands } from '../helpers/guide-commands.js';
import { cli, run, runWith } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-mapper-'));
const root = join(work, projectName);
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

  /** What needs other files, a library of its own, or what ran above. */
  const guides: Readonly<Record<string, RegExp>> = {
    mapper: /demo|requests\.jsonl|--dataset/,
    customisation: /^$/,
    compression: /sync|nf4|gptq|awq|gguf/,
  };
  /** A few steps and questions in place of hundreds. */
  const quick = {
    ZETA_LAB__LLM__TRAINING__MAX_STEPS: '4',
    ZETA_LAB__LLM__TRAINING__EVALUATIONS: '1',
    ZETA_LAB__LLM__EVALUATION__MAX_QUESTIONS: '20',
    ZETA_LAB__LLM__QUANTIZATION__MAX_LOSS_POINTS: '99',
    ZETA_LAB__LLM__QUANTIZATION__RECOVERY__STEPS: '4',
    ZETA_LAB__LLM__QUANTIZATION__TIMED_QUESTIONS: '3',
  };

  it.each(Object.entries(guides))('has guides with commands that work: %s', (guide, elsewhere) => {
    writeFileSync(join(root, 'requests.txt'), 'The harbour pilot did not come on board.\nWhere is the tow line?\n');
    const commands = guideCommands(root, guide, elsewhere);
    expect(commands.length).toBeGreaterThan(2);
    for (const command of commands) runWith(quick, root, 'bash', '-euc', command);
  });
});
