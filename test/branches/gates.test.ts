import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, cli, run, runWith } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-gates-'));
const root = join(work, 'gated');
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Makes a target that must fail, and gives what it printed; pytest takes its selection from the environment. */
function stopped(gate: string, pytest: string): string {
  const { status, stdout, stderr } = attempt(root, 'make', [gate], { PYTEST_ADDOPTS: pytest });
  expect(status).not.toBe(0);
  return stdout + stderr;
}

const make = (target: string, pytest = '', ...more: string[]) =>
  runWith({ PYTEST_ADDOPTS: pytest }, root, 'make', target, ...more);

beforeAll(() => {
  run(work, process.execPath, cli, 'new', root, '--yes');
}, 600_000);

const quick = '--no-cov -k "planted or test_values or test_scripts"';
/** Joined here, so that no scanner takes this file for a leak. */
const token = ['ghp', 'R7uXw2LmQ9zKd4Tb8Vn1Yc6HsJ3pFe0aGqMi'].join('_');

/** What someone might commit, and how the gate names it. */
const faults = [
  {
    fault: 'a file that is not formatted',
    gate: 'all-checks',
    path: 'src/gated/planted.py',
    text: '"""Planted."""\n\nANSWER = {"a":1}\n',
    reason: /format --check[\s\S]*src\/gated\/planted\.py/,
  },
  {
    fault: 'an import that nothing uses',
    gate: 'all-checks',
    path: 'src/gated/planted.py',
    text: '"""Planted."""\n\nimport os\n',
    reason: /F401[\s\S]*src\/gated\/planted\.py/,
  },
  {
    fault: 'a type error',
    gate: 'all-checks',
    path: 'src/gated/planted.py',
    text: '"""Planted."""\n\nANSWER: int = "forty-two"\n',
    reason: /src\/gated\/planted\.py:3: error: Incompatible types/,
  },
  {
    fault: 'a test that fails',
    gate: 'all-checks',
    path: 'tests/unit/test_planted.py',
    text: 'def test_planted():\n    assert sum([1, 2]) == 4\n',
    reason: /FAILED tests\/unit\/test_planted\.py::test_planted/,
  },
  {
    fault: 'unsafe code',
    gate: 'security-test',
    path: 'src/gated/planted.py',
    text: '"""Planted."""\n\nimport subprocess\n\nsubprocess.run("ls", shell=True, check=True)\n',
    reason: /S60\d[\s\S]*src\/gated\/planted\.py/,
  },
  {
    fault: 'a secret',
    gate: 'security-test',
    path: 'conf/mirror.txt',
    text: `# where models are mirrored\n${token}\n`,
    reason: /conf\/mirror\.txt:2: [\s\S]*error: 1 secrets in \d+ files/,
  },
];

describe('what a project measures', () => {
  it('is a table and a file, and fails nothing on a slow machine', () => {
    const output = make('performance-test', '', 'ARGS=--only startup --only pipeline --rows 20000 --rounds 1');
    expect(output).toMatch(/^check, clean, write 0\.02 M rows of CSV .* s .* x .* ≤ 2 x/m);
    const { figures } = JSON.parse(readFileSync(join(root, 'reports/performance.json'), 'utf8')) as {
      figures: { name: string; value: number; bare: number | null; ratio: number | null }[];
    };
    expect(figures.map(({ name }) => name)).toContain('import gated');
    for (const { value, bare, ratio } of figures) if (bare !== null) expect(ratio).toBeCloseTo(value / bare);
  });
});

describe('the gates of a project', () => {
  it('let pass what a new project is', () => {
    make('all-checks', quick);
    make('security-test');
  });

  it.each(faults)('$gate stops $fault, and lets pass what is left without it', ({ gate, path, text, reason }) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const output = stopped(gate, quick);
    expect(output).toMatch(reason);
    expect(output).not.toContain(token);
    rmSync(file);
    make(gate, quick);
  });
});
