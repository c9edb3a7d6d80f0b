import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, cli } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-gates-'));
const root = join(work, 'gated');
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs a command of a person in the project; pytest takes its selection from the environment. */
function run(command: string, args: readonly string[], pytest = '') {
  const cwd = command === 'make' ? root : work;
  const { status, stdout, stderr } = attempt(cwd, command, args, { PYTEST_ADDOPTS: pytest });
  return { status, output: stdout + stderr };
}

beforeAll(() => {
  expect(run(process.execPath, [cli, 'new', root, '--yes'])).toMatchObject({ status: 0 });
}, 600_000);

const quick = '--no-cov -k "planted or test_values"';
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
    const { status, output } = run('make', [
      'performance-test',
      'ARGS=--only startup --only pipeline --rows 20000 --rounds 1',
    ]);
    expect({ status, output }).toMatchObject({ status: 0 });
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
    expect(run('make', ['all-checks'], quick)).toMatchObject({ status: 0 });
    expect(run('make', ['security-test'])).toMatchObject({ status: 0 });
  });

  it.each(faults)('$gate stops $fault, and lets pass what is left without it', ({ gate, path, text, reason }) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const stopped = run('make', [gate], quick);
    expect(stopped.output).toMatch(reason);
    expect(stopped.output).not.toContain(token);
    expect(stopped.status).not.toBe(0);
    rmSync(file);
    expect(run('make', [gate], gate === 'all-checks' ? quick : '')).toMatchObject({ status: 0 });
  });
});
