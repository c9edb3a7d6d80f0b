import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, cli, run } from '../helpers/project-commands.js';
import { freePort, serve } from '../helpers/project-server.js';

/** One or more lines of the README that belong to one shell, or a target of the Makefile, and what comes of them. */
interface Step {
  readonly title: string;
  readonly lines: readonly string[];
  /** Where, if not in the project itself. */
  readonly cwd?: string;
  /** Arguments of a target, to have less of it. */
  readonly args?: string;
  readonly status?: number;
  readonly shows?: RegExp;
  readonly makes?: string;
}
const step = (line: string | readonly string[], result: Omit<Step, 'lines' | 'title'>): Step => ({
  title: [line].flat().join('; '),
  lines: [line].flat(),
  ...result,
});

const work = mkdtempSync(join(tmpdir(), 'mlsys-commands-'));
const root = join(work, 'shop');
const copy = join(work, 'copy');
const programs = join(work, 'programs');
const asked = join(work, 'docker.txt');
/** Chosen when the service is started: what the steps before it start takes ports too. */
let port = 0;
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Where the README starts the service on the port that is there by default. */
const DEFAULT_PORT = /(?<=127\.0\.0\.1:)8000/g;

/** Two algorithms and few samples in place of six and many, and a few tests: others run all of them. */
const less = {
  PYTEST_ADDOPTS: '--no-cov --ignore-glob=*/test_[!sv]* --ignore-glob=*/test_s[!ch]* -k "test_values or no_secret"',
  SHOP__MODELS__BOOTSTRAP__SAMPLES: '100',
  SHOP__MODELS__CLASSIFICATION__ALGORITHMS: '[baseline, logistic]',
  SHOP__MODELS__EXPLAIN__REPEATS: '1',
  SHOP__MODELS__FOLDS: '2',
  SHOP__MODELS__REGRESSION__ALGORITHMS: '[baseline, ridge]',
  SHOP__MODELS__TUNING__TRIALS: '3',
};

/**
 * What stands in for programs: mlsys is the one of this repository; docker writes down what it is asked, and does in the project
 * what it would do in the container of the service; pip is uv, which has in its cache what pip would download for minutes.
 */
const standIns = {
  mlsys: `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`,
  docker: `#!/bin/sh\necho "$*" >>"${asked}"\ncase "$*" in\n*" exec "*) shift 4; exec uv run "$@" ;;\nesac\n`,
  'pip.py':
    'import os, sys\n\nos.execvp("uv", ["uv", "pip", sys.argv[1], "--python", sys.executable, *sys.argv[2:]])\n',
};

const setUp = [
  step('make install-dev', { makes: '.venv/pyvenv.cfg' }),
  step('make help', { shows: /^install-dev {2,}\S[^]*^unit-test {2,}Run the unit tests$/m }),
  step('mlsys setup', { shows: /The environment is ready/ }),
  step('mlsys run', { shows: /^ +unit-test {2,}Run the unit tests$/m }),
  step('uv run shop --help', { shows: /Commands:[^]* models +Train/ }),
  step('uv run shop config show', { shows: /^logging\.level +INFO +conf\/\S+$/m }),
  step('uv run shop config check', { shows: /development/ }),
  step('uv run shop config show --set logging.level=DEBUG', { shows: /^logging\.level +DEBUG +--set$/m }),
  step('make requirements', { makes: 'requirements.txt' }),
  step(['python3 -m venv .venv', '. .venv/bin/activate', 'python -m pip install -e ".[dev]"', 'python -m pytest'], {
    cwd: copy,
    shows: / \d+ passed[^]* \+ shop==0\.1\.0/,
  }),
];

const checks = [
  step('make format', { shows: /files left unchanged/ }),
  step('make format-check', { shows: /files already formatted/ }),
  step('make lint', { shows: /All checks passed!/ }),
  step('make type', { shows: /Success: no issues found/ }),
  step('make test', { shows: / \d+ passed/ }),
  step('make unit-test', { shows: / \d+ passed/ }),
  step('make integration-test', { shows: / \d+ passed/ }),
  step('make security-test', { shows: /no secrets in \d+ files[^]* \d+ passed/ }),
  step('make all-checks', { shows: /Success: no issues found[^]* \d+ passed/ }),
  step('mlsys run all-checks', { shows: /Success: no issues found[^]* \d+ passed/ }),
  step('make performance-test', { args: '--only startup --rounds 1', makes: 'reports/performance.json' }),
  step('make lint-workflows', { shows: /No findings to report/ }),
  step('make lint-containers', { shows: /hadolint Dockerfile/ }),
];

const models = [
  step('uv run shop data sample', { makes: 'data/raw/breast_cancer.csv' }),
  step('uv run shop data validate', { status: 1, shows: /diabetes\.csv:4: bmi: type \(bmi='unknown'\)/ }),
  step('uv run shop data run', { makes: 'data/processed/breast-cancer/card.json' }),
  step('uv run shop models train', { shows: /breast-cancer version 2 is the challenger/, makes: 'mlflow.db' }),
  step('uv run shop models tune breast-cancer --algorithm lightgbm', {
    shows: /registered as breast-cancer version 3/,
  }),
  step('uv run shop models promote breast-cancer', { shows: /ok +significance/ }),
  step('uv run shop models show breast-cancer', { shows: /^## Limits$/m }),
  step('uv run shop runs list', { shows: /breast-cancer +logistic +FINISHED/ }),
  step('uv run shop runs trend validation_roc_auc breast-cancer --html reports/roc-auc.html', {
    shows: /validation_roc_auc[^]* logistic /,
    makes: 'reports/roc-auc.html',
  }),
  step('make demo', { makes: 'reports/demo-main/index.html' }),
  step('make train', { shows: /diabetes version \d+ is the challenger/ }),
  step('make evaluate', { makes: 'reports/evaluation' }),
];

const deployed = step('make deploy TARGET=compose ARGS=--train', {
  shows: /\/ready: ready[^]*\/predict\/breast-cancer: \S+[^]*^deployed \w+: compose, production$/m,
});

const service = [
  step(
    [
      'KEY=$(uv run shop api keys create reports --scope predict --scope read)',
      'curl -H "X-API-Key: $KEY" http://127.0.0.1:8000/models',
      'curl -H "X-API-Key: $KEY" http://127.0.0.1:8000/models/breast-cancer',
      `ROWS=$(uv run python -c "import polars as pl; print(pl.read_parquet('data/processed/breast-cancer/test.parquet', n_rows=2).write_json())")`,
      String.raw`curl -H "X-API-Key: $KEY" -H "Content-Type: application/json" -d "{\"rows\": $ROWS}" http://127.0.0.1:8000/predict/breast-cancer`,
    ],
    {
      shows:
        /\{"models":\[\{"name":"breast-cancer"[^]*\{"name":"breast-cancer"[^]*"mean_radius"[^]*"predictions"[^]*"probabilities"/,
    },
  ),
  step('make deploy-secrets', { shows: /API_JWT_SECRET/, makes: '.env' }),
  step('make deploy TARGET=compose ARGS=--dry-run', { shows: /ENVIRONMENT=production docker compose up --detach/ }),
  deployed,
  deployed, // a release to go back to needs one after it
  step('make rollback TARGET=compose', {
    shows: /\/predict\/breast-cancer: \S+[^]*^rolled back: compose, production$/m,
  }),
];

const monitoring = [
  step('uv run shop monitor run', { makes: 'reports/monitoring/breast-cancer/report.html' }),
  step('uv run shop monitor run --fail-on-drift', { shows: /^breast-cancer version \d+: \w+/m }),
  step('uv run shop monitor run --retrain', { shows: /^breast-cancer version \d+: \w+/m }),
  step('uv run shop monitor history', { shows: /breast-cancer/ }),
  step('uv run shop monitor report', { shows: /report: reports\/monitoring\/breast-cancer\/report\.html/ }),
  step('make monitor', { shows: /^breast-cancer version \d+: \w+/m }),
  step('make retrain', { shows: /^breast-cancer: refused: [^]*^diabetes: (promoted|refused): /m }),
  step('make demo-comprehensive', { args: '--trials 2', makes: 'reports/demo-main-comprehensive/index.html' }),
];

const rest = [
  step('make docs', { makes: 'site/index.html' }),
  step('uvx pre-commit install', { makes: '.git/hooks/pre-commit' }),
  step('mlsys status', { shows: /files as the template has them, 0 edited, 0 deleted/ }),
  step('mlsys sync --dry-run', { shows: /up to date/ }),
  step('mlsys sync', { shows: /up to date/ }),
  step('mlsys doctor', { shows: /^0 faults/m }),
  step('make clean', {}),
];

const servers = ['make run-api', 'make mlflow-ui', 'make notebook'];

const tables = { setUp, checks, models, service, monitoring, rest };
const known = new Set([...servers, ...Object.values(tables).flatMap((steps) => steps.flatMap(({ lines }) => lines))]);

function follow({ lines, cwd = root, args, status = 0, shows = /(?:)/, makes = '.' }: Step): void {
  const script = lines.join('\n').replace(DEFAULT_PORT, String(port)) + (args ? ` ARGS="${args}"` : '');
  const done = attempt(cwd, 'bash', ['-euo', 'pipefail', '-c', script], {
    ...less,
    API_PORT: String(port),
    PATH: `${programs}:${process.env.PATH ?? ''}`,
    PYTHONPATH: cwd === copy ? programs : '',
  });
  const output = done.stdout + done.stderr;
  expect({ script, status: done.status, output }).toEqual({ script, status, output: expect.stringMatching(shows) });
  expect({ makes, there: existsSync(join(root, makes)) }).toEqual({ makes, there: true });
}

beforeAll(() => {
  mkdirSync(programs);
  for (const [name, text] of Object.entries(standIns)) writeFileSync(join(programs, name), text, { mode: 0o755 });
  run(work, process.execPath, cli, 'new', root, '--yes', '--no-setup');
  run(work, 'git', 'clone', '--quiet', root, copy);
});

describe('what a project can be told', () => {
  it('is known to this test: each line of its README, each target of its Makefile', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map((block) => block[1] ?? '');
    const lines = blocks.flatMap((block) => block.split('\n')).map((line) => line.replace(/ +# .*/, ''));
    const targets = [...readFileSync(join(root, 'Makefile'), 'utf8').matchAll(/^([a-z][\w-]*):/gm)].map(
      (rule) => rule[1] ?? '',
    );
    const told = new Set([...lines.filter(Boolean), ...targets.map((target) => `make ${target}`)]);
    for (const target of targets) {
      if (targets.includes(`${target}-main`))
        expect(run(root, 'make', '-n', `${target}-main`)).toBe(run(root, 'make', '-n', target));
      told.delete(`make ${target}-main`);
    }
    // Deploying and rolling back need a target of their own, which the README names.
    for (const task of ['deploy', 'rollback']) expect(told.delete(`make ${task}`)).toBe(true);
    expect([...told].toSorted()).toEqual([...known].toSorted());
  });
});

describe('setting up', () => it.each(setUp)('$title', follow));
describe('checks', () => it.each(checks)('$title', follow));
describe('data and models', () => it.each(models)('$title', follow));

describe('make run-api', () => {
  let url = '';
  let end = () => Promise.resolve();
  beforeAll(async () => {
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
    end = await serve(root, `make run-api ARGS="--port ${port}"`, `${url}/ready`, join(work, 'api.txt'));
  });
  afterAll(() => end());

  it.each(service)('$title', follow);

  it('refuses a key that nobody has made, and shows pages', async () => {
    expect((await fetch(`${url}/models`, { headers: { 'X-API-Key': 'key_0000_wrong' } })).status).toBe(401);
    for (const path of ['/docs', '/ui'])
      expect(await (await fetch(`${url}${path}`)).text()).toMatch(/^<!doctype html>/i);
  });

  it('was deployed by what docker would have run', () => {
    const lines = readFileSync(asked, 'utf8').split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([expect.stringMatching(/^build --tag shop:\w+ \.$/), 'compose run --rm train']),
    );
    expect(lines.filter((line) => line.startsWith('compose up --detach'))).toHaveLength(3);
  });
});

describe('monitoring', () => it.each(monitoring)('$title', follow));

describe('make mlflow-ui', () => {
  it('shows the runs', async () => {
    const at = await freePort();
    const end = await serve(
      root,
      `make mlflow-ui ARGS="--port ${at} --workers 1"`,
      `http://127.0.0.1:${at}/health`,
      join(work, 'mlflow.txt'),
    );
    try {
      const answer = await fetch(`http://127.0.0.1:${at}/api/2.0/mlflow/experiments/search?max_results=10`);
      expect(await answer.json()).toMatchObject({
        experiments: expect.arrayContaining([expect.objectContaining({ name: 'breast-cancer' })]),
      });
    } finally {
      await end();
    }
  });
});

describe('make notebook', () => {
  it('opens the notebooks', async () => {
    const at = await freePort();
    const url = (path: string) => `http://127.0.0.1:${at}${path}?token=of-tests`;
    const args = `--no-browser --allow-root --port ${at} --IdentityProvider.token=of-tests`;
    const end = await serve(root, `make notebook ARGS="${args}"`, url('/api/status'), join(work, 'notebook.txt'));
    try {
      expect(await (await fetch(url('/api/contents/exploration.ipynb'))).json()).toMatchObject({ type: 'notebook' });
      expect(await (await fetch(url('/lab/tree/exploration.ipynb'))).text()).toMatch(/<title>JupyterLab<\/title>/);
    } finally {
      await end();
    }
  });
});

describe('the rest', () => it.each(rest)('$title', follow));
