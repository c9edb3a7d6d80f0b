import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesBelow, workplace } from '../helpers/cli.js';
import { personEnvironment, runCli } from '../helpers/run-cli.js';
import { sampleTemplate, writeTree } from '../helpers/template.js';
import { commitAll, git } from '../helpers/tiny-project.js';

const place = workplace();
const create = (cwd: string, ...args: string[]) => place.mlsys(['branch', 'create', ...args], { cwd });
const lint = (cwd: string) => place.mlsys(['branch', 'lint'], { cwd });

async function startedWith(name: string): Promise<string> {
  const root = place.folder();
  expect((await create(root, name, '--init')).exitCode).toBe(0);
  return root;
}

/** A person with a warm cache of packages: the real packages of the base are large. */
const withPackages = (TMPDIR: string): NodeJS.ProcessEnv =>
  personEnvironment({ TMPDIR, UV_CACHE_DIR: process.env.UV_CACHE_DIR ?? join(homedir(), '.cache', 'uv') });

describe('branch create --init', () => {
  // The checks are those of the base, too; its own tests run elsewhere, for it trains models.
  test('starts a repository whose branch passes its own checks at once', { timeout: 900_000 }, async () => {
    const root = place.folder('risk-template');
    const made = await create(root, 'credit-risk', '--init', '--title', 'Risk: "models"', '--summary', 'Scores & more');
    expect(made).toMatchObject({ exitCode: 0, stdout: '' });
    expect(made.stderr).toContain('the branch credit-risk is in branches/credit-risk');
    expect(filesBelow(root)).toEqual([
      '.github/workflows/ci.yml',
      '.gitignore',
      'README.md',
      'branches/credit-risk/README.section.md.hbs',
      'branches/credit-risk/branch.yaml',
      'branches/credit-risk/files/conf/credit_risk/default.yaml',
      'branches/credit-risk/files/data/credit_risk/sample.csv',
      ...['__init__', 'cli', 'config', 'core'].map(
        (module) => `branches/credit-risk/files/src/{{package_name}}/credit_risk/${module}.py`,
      ),
      'branches/credit-risk/files/tests/unit/test_credit_risk.py.hbs',
    ]);
    expect(git(root, 'log', '--format=%s')).toBe('Start the template with the branch credit-risk');
    expect(git(root, 'status', '--short')).toBe('');
    expect(readFileSync(join(root, '.github/workflows/ci.yml'), 'utf8')).toMatch(/branch lint\n[^]*branch test "/);
    expect(await lint(root)).toMatchObject({ exitCode: 0, stdout: '' });

    const temporary = place.folder();
    const env: NodeJS.ProcessEnv = {
      ...withPackages(temporary),
      PYTEST_ADDOPTS: '--no-cov -k "credit_risk or test_loader"',
    };
    const { exitCode, stdout, stderr } = await runCli(['branch', 'test', 'credit-risk'], { cwd: root, env });
    expect({ exitCode, output: exitCode === 0 ? '' : stdout + stderr }).toEqual({ exitCode: 0, output: '' });
    expect(stdout).toMatch(/files already formatted\nAll checks passed!\nSuccess: no issues found/);
    expect(stdout).toMatch(/tests\/unit\/test_credit_risk\.py \.+/);
    expect(stderr.trim()).toMatch(/credit-risk: passed$/);
    expect(readdirSync(temporary).filter((name) => name.startsWith('mlsys'))).toEqual([]);
    // That it was tested makes it no more trusted than before.
    expect(existsSync(join(env.XDG_CONFIG_HOME ?? '', 'mlsys', 'trust.json'))).toBe(false);
  });

  test('takes a folder with --in, and gives the configuration that was promised', async () => {
    const cwd = place.folder();
    expect((await create(cwd, 'risk', '--init', '--in', 'deep/er')).exitCode).toBe(0);
    expect(readFileSync(join(cwd, 'deep/er/branches/risk/files/conf/risk/default.yaml'), 'utf8')).toBe(
      '---\nmodel_type: custom\nparameters:\n  learning_rate: 0.001\n  batch_size: 32\n',
    );
  });
});

describe('branch create', () => {
  test('adds branches to the repository around, on top of each other', async () => {
    const root = await startedWith('risk');
    expect((await create(join(root, 'branches', 'risk', 'files'), 'fraud', '--extends', 'risk')).exitCode).toBe(0);
    expect((await create(place.root, 'a', '--in', root, '--extends', 'main')).exitCode).toBe(0);
    expect(await lint(root)).toMatchObject({ exitCode: 0, stdout: '' });
    const shown = await place.mlsys(['branch', 'show', 'fraud', '--from', '.', '--json'], { cwd: root });
    expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'fraud', title: 'Fraud', extends: ['risk'] });
    expect(git(root, 'status', '--short')).toBe('?? branches/a/\n?? branches/fraud/');
  });

  test('adds one to a template with a base of its own', async () => {
    const root = place.folder();
    writeTree(root, sampleTemplate);
    expect((await create(root, 'river', '--extends', 'forest-system')).exitCode).toBe(0);
    expect(readFileSync(join(root, 'branches/river/branch.yaml'), 'utf8')).toContain('extends: [forest]');
    expect((await lint(root)).exitCode).toBe(0);
  });

  test('makes projects that are formatted whatever the name: long, short, or that of a module', async () => {
    const root = await startedWith('abcdefghijklmnop-qrstuv-wxyz12');
    for (const name of ['z', 'json']) await create(root, name);
    const project = join(place.folder(), 'a'.repeat(60));
    const branches = ['abcdefghijklmnop-qrstuv-wxyz12', 'z', 'json'].flatMap((name) => ['--branch', name]);
    const made = await place.mlsys(['new', project, '--from', root, ...branches, '--yes', '--no-setup']);
    expect(made.exitCode).toBe(0);
    const long = filesBelow(project).filter((path) => {
      const text = path.endsWith('.py') ? readFileSync(join(project, path), 'utf8') : '';
      return text.split('\n').some((line) => line.length > 120);
    });
    expect(long).toEqual([]);
  });

  test.each<[string, string[], RegExp]>([
    ['a branch that is there', ['risk'], /the template already has a branch risk/],
    ['a branch of mlsys', ['llm-finetuning'], /mlsys itself brings a branch llm-finetuning/],
    ['another name of one', ['llm-finetuning-system'], /mlsys itself brings a branch llm-finetuning, which is also/],
    ['a bad name', ['Risk_Model'], /"Risk_Model" can't be the name of a branch.*\n\nhint: for example/],
    ['a name that would hide a module', ['config'], /the package of the branch config would hide .*config\/__init__/],
    [
      'an unknown branch below',
      ['fraud', '--extends', 'rsik'],
      /there is no branch "rsik"\n\nhint: did you mean risk\?/,
    ],
    ['a title with a variable', ['fraud', '--title', '{{name}}'], /begins a variable/],
    ['--init in a repository', ['fraud', '--init'], /is a template repository already\n\nhint: leave --init out/],
  ])('refuses %s and changes nothing', async (_, args, message) => {
    const root = await startedWith('risk');
    const { exitCode, stderr } = await create(root, ...args);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(1);
    expect(git(root, 'status', '--short')).toBe('');
  });

  test('refuses files that another layer has', async () => {
    const root = await startedWith('risk');
    writeTree(root, { 'branches/risk/files/conf/fraud/default.yaml': 'a: 1\n' });
    const { exitCode, stderr } = await create(root, 'fraud');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/a branch fraud does not fit[^]*conf\/fraud\/default\.yaml:1: branches\/risk has a file/);
    expect(existsSync(join(root, 'branches/fraud'))).toBe(false);
  });

  test('needs a template repository, and says how to start one', async () => {
    const { exitCode, stderr } = await create(place.folder(), 'risk');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /is not in a template repository[^]*hint: start one here with `mlsys branch create risk --init`/,
    );
  });

  test('with --init needs an empty folder', async () => {
    const root = place.folder();
    writeTree(root, { 'mine.txt': 'x' });
    const { exitCode, stderr } = await create(root, 'risk', '--init');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is not empty: it holds mine.txt');
    expect(filesBelow(root)).toEqual(['mine.txt']);
  });
});

describe('branch test', () => {
  /** A template whose projects depend on nothing, and whose check is one line of Python. */
  const template = (check: string): Record<string, string> => ({
    'templates/base/layer.yaml': `name: main\ntitle: Base\nsummary: A project\ntasks:\n  all-checks: {command: ${JSON.stringify(`python -c "${check}"`)}, help: Check}\n`,
    'templates/base/files/pyproject.toml.hbs':
      '[project]\nname = {{toml project_name}}\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = []\n',
    'branches/forest/branch.yaml': 'name: forest\ntitle: Forest\nsummary: Trees\n',
    'branches/forest/files/forest.txt': 'trees\n',
    'branches/meadow/branch.yaml': 'name: meadow\ntitle: Meadow\nsummary: Flowers\n',
    'branches/meadow/files/meadow.txt': 'flowers\n',
  });
  const folderWith = (check: string): string => {
    const root = place.folder();
    writeTree(root, template(check));
    commitAll(root);
    return root;
  };

  test('takes other branches beside it, and keeps the project if asked', async () => {
    const root = folderWith("open('forest.txt'), open('meadow.txt')");
    const options = { cwd: root, env: { TMPDIR: place.folder() } };
    const { exitCode, stderr } = await place.mlsys(['branch', 'test', 'forest', '--with', 'meadow', '--keep'], options);
    expect(stderr).toMatch(/forest \+ meadow: passed\nthe project is kept in (.*)$/);
    const kept = /kept in (.*)$/.exec(stderr)?.[1] ?? '';
    expect(filesBelow(kept)).toEqual(expect.arrayContaining(['forest.txt', 'meadow.txt', 'uv.lock']));
    expect(exitCode).toBe(0);
  });

  test('exits with 1 where a check fails, and says how to look', async () => {
    const { exitCode, stderr } = await place.mlsys(['branch', 'test', 'forest'], {
      cwd: folderWith('raise SystemExit(7)'),
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/forest: failed with exit code 7\nwith --keep the project stays/);
  });

  test('renders nothing of a template with faults', async () => {
    const root = folderWith('1');
    writeTree(root, { 'branches/forest/files/bad.txt.hbs': '{{nobody}}' });
    const { exitCode, stderr } = await place.mlsys(['branch', 'test', 'forest'], { cwd: root });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/has faults[^]*branches\/forest\/files\/bad\.txt\.hbs:1: no answer is named nobody/);
    expect(stderr).not.toContain('Find uv');
  });

  test('runs code of a url only where it is trusted', async () => {
    const url = `file://${folderWith('print(42)')}`;
    const test = (...more: string[]) => place.mlsys(['branch', 'test', 'forest', '--from', url, ...more]);
    const refused = await test();
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/is not trusted[^]*--trust/);
    expect(refused.stderr).not.toContain('Find uv');
    expect(await test('--trust')).toMatchObject({ exitCode: 0, stdout: '42' });
    expect((await test()).exitCode).toBe(0);
  });
});
