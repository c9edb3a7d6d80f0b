import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { uncommitted } from '../helpers/branch-project.js';
import { environment, repository } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-readme-'));
const clone = join(work, 'clone');
afterAll(() => rmSync(work, { recursive: true, force: true }));

const readme = readFileSync(join(repository, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => (match[1] ?? '').trim());
/** This is what runs the suite that this test belongs to. */
const ownCommand = 'npm cit';
/** All tests are imported without what a branch brings, and a few are run: the project of all branches runs each of them. */
const few = '--no-cov -k "test_docs or test_shipped_config or test_values"';

function shell(script: string, cwd: string) {
  const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    env: environment({ PYTEST_ADDOPTS: few }),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, output: status === 0 ? '' : stdout + stderr };
}

describe('README.md', () => {
  it('begins with a project that is made and run, and with the tests', () => {
    expect(blocks.slice(0, 2)).toEqual([
      './bin/mlsys.js new my-project --branch llm-finetuning --run demo',
      ownCommand,
    ]);
  });

  it.each(blocks.filter((block) => block !== ownCommand))('in a fresh clone runs: %s', (block) => {
    rmSync(clone, { recursive: true, force: true });
    expect(shell(`git clone --quiet ${repository} ${clone}`, work)).toEqual({ status: 0, output: '' });
    expect(shell(block, clone)).toEqual({ status: 0, output: '' });
    if (!block.includes('--run demo')) return;
    const report = JSON.parse(
      readFileSync(join(clone, 'my-project/reports/demo-llm-finetuning/report.json'), 'utf8'),
    ) as Record<'base' | 'tuned', { exact_match: number }> & { peak_rss_mb: number };
    expect(report.base.exact_match).toBeLessThanOrEqual(0.2);
    expect(report.tuned.exact_match).toBeGreaterThanOrEqual(0.5);
    expect(report.peak_rss_mb).toBeLessThanOrEqual(3 * 1024);
    expect(uncommitted(join(clone, 'my-project'))).toBe('');
  });
});
