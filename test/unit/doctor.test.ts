import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { doctorCommand } from '../../src/commands/doctor.js';
import type { Check, Facts, Finding } from '../../src/doctor/check.js';
import { accelerator } from '../../src/doctor/accelerator.js';
import { containers } from '../../src/doctor/containers.js';
import { declaredChecks } from '../../src/doctor/declared.js';
import { disk } from '../../src/doctor/disk.js';
import { dotenv, variablesOf } from '../../src/doctor/dotenv.js';
import { environment } from '../../src/doctor/environment.js';
import { extras } from '../../src/doctor/extras.js';
import { gatherFacts } from '../../src/doctor/facts.js';
import { gitIdentity } from '../../src/doctor/git-identity.js';
import { git as gitCheck } from '../../src/doctor/git.js';
import { lock } from '../../src/doctor/lock.js';
import { manifest } from '../../src/doctor/manifest.js';
import { markers } from '../../src/doctor/markers.js';
import { memory } from '../../src/doctor/memory.js';
import { merge } from '../../src/doctor/merge.js';
import { python } from '../../src/doctor/python.js';
import { uv } from '../../src/doctor/uv.js';
import { type TestContext, temporaryFolder, testContext } from '../helpers/context.js';
import {
  commitAll,
  git,
  type TinyProject,
  writeFiles,
  writeProgram,
  writeTinyProject,
} from '../helpers/tiny-project.js';

const onPosix = test.skipIf(process.platform === 'win32');
const noSetUp = (): Promise<void> => Promise.reject(new Error('set-up was not asked for'));
const factsOf = (ctx: TestContext, setUp = noSetUp): Facts => gatherFacts(ctx, setUp);

/** A project with one thing in it, and what a check finds. */
async function check(one: Check, project: TinyProject, overrides: Partial<TestContext> = {}): Promise<Finding> {
  const ctx = testContext(overrides);
  writeTinyProject(ctx.cwd, project);
  return one.run(factsOf(ctx));
}

const variable = (name: string, required: boolean, value = '') => ({
  name,
  required,
  secret: false,
  default: value,
  help: '',
  layer: 'main',
});
const service = { name: 'redis', layer: 'main', image: 'redis:8', ports: ['6379:6379'] };
const requires = { memory_gb: 0, disk_gb: 0, devices: [] as string[] };

describe('a project', () => {
  test.each<[string, Check, TinyProject, Finding['status'], RegExp]>([
    ['with a lock names its template', lock, {}, 'ok', /^main, template builtin 0\.1\.0$/],
    ['with a broken lock', lock, { files: { '.mlsys/lock.json': '{' } }, 'fail', /no valid JSON/],
    [
      'with conflict markers in the lock',
      lock,
      { files: { '.mlsys/lock.json': '<<<<<<< ours\n' } },
      'fail',
      /conflict markers/,
    ],
    ['of a newer mlsys', lock, { files: { '.mlsys/lock.json': '{"schema": 99}' } }, 'fail', /newer mlsys/],
    ['with a manifest counts its tasks', manifest, { tasks: [{ name: 'a' }] }, 'ok', /^1 layer, 1 task$/],
    ['with a broken manifest', manifest, { files: { '.mlsys/manifest.json': '[]' } }, 'fail', /damaged/],
    ['that was not set up', environment, {}, 'warn', /not made yet/],
    ['whose uv.lock is gone', environment, { files: { '.venv/x': '' } }, 'fail', /uv\.lock is missing/],
    [
      'that needs more memory',
      memory,
      { manifest: { requires: { ...requires, memory_gb: 1e6 } } },
      'warn',
      /1000000 GB needed/,
    ],
    ['that needs little memory', memory, { manifest: { requires: { ...requires, memory_gb: 0.1 } } }, 'ok', / GB$/],
    [
      'that needs more disk',
      disk,
      { manifest: { requires: { ...requires, disk_gb: 1e9 } } },
      'fail',
      /1000000000 GB needed/,
    ],
    [
      'that is set up needs it no more',
      disk,
      { manifest: { requires: { ...requires, disk_gb: 1e9 } }, files: { '.venv/x': '' } },
      'ok',
      /GB free/,
    ],
    ['outside a repository has no markers to look for', markers, {}, 'skip', /not in a git repository/],
    ['with services and no engine', containers, { manifest: { services: [service] } }, 'warn', /redis/],
    ['without services', containers, {}, 'skip', /no service/],
    ['without extras that conflict', extras, {}, 'ok', /none are declared/],
    [
      'that wants a device that is not there',
      accelerator,
      { manifest: { requires: { ...requires, devices: ['cuda'] } } },
      'fail',
      /wants cuda/,
    ],
    ['that chose a device that is not there', accelerator, { answers: { accelerator: 'mps' } }, 'fail', /wants mps/],
    ['that takes any device', accelerator, { answers: { accelerator: 'auto' } }, 'ok', /^none$/],
  ])('%s', async (_, one, project, status, found) => {
    const finding = await check(one, project, { env: { PATH: '' }, platform: 'freebsd' });
    expect(finding).toMatchObject({ status, found: expect.stringMatching(found) as string });
    if (status === 'warn' || status === 'fail') expect(finding.fix).toMatch(/\w{4}/);
  });

  test('with conflict markers in tracked files names them', async () => {
    const ctx = testContext();
    const half = '<<<<<<< ours\na\n';
    writeTinyProject(ctx.cwd, { files: { 'a b.txt': `${half}=======\nb\n>>>>>>> theirs\n`, 'doc.md': half } });
    commitAll(ctx.cwd);
    writeFiles(ctx.cwd, { 'untracked.txt': `${half}>>>>>>> theirs\n` });
    expect(await markers.run(factsOf(ctx))).toMatchObject({ status: 'fail', found: 'in a b.txt' });
  });

  test('without them, and with no merge under way, is clean', async () => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd);
    commitAll(ctx.cwd);
    expect(await markers.run(factsOf(ctx))).toMatchObject({ status: 'ok' });
    expect(await merge.run(factsOf(ctx))).toMatchObject({ status: 'ok' });
    writeFiles(ctx.cwd, { '.git/MERGE_HEAD': `${git(ctx.cwd, 'rev-parse', 'HEAD')}\n` });
    expect(await merge.run(factsOf(ctx))).toMatchObject({ status: 'warn' });
  });

  test('with packages of two extras that conflict', async () => {
    const pyproject = '[project]\nname = "tiny"\n[project.optional-dependencies]\na = ["one"]\nb = ["two"]\n';
    const installed = (name: string) => ({ [`.venv/lib/python3.11/site-packages/${name}-1.dist-info/METADATA`]: '' });
    const of = (files: Record<string, string>) =>
      check(extras, { pyproject, manifest: { conflicts: [['a', 'b']] }, files });
    expect(await of(installed('one'))).toMatchObject({ status: 'ok' });
    expect(await of({ ...installed('one'), ...installed('two') })).toMatchObject({ status: 'warn' });
  });
});

describe('the environment', () => {
  const files = { '.venv/pyvenv.cfg': 'version_info = 3.11.7\n', 'uv.lock': '' };
  const withUv = (answer: string, code: number) => {
    const bin = temporaryFolder();
    writeProgram(bin, 'uv', `test "$1" = --version && echo "uv 0.13.0" && exit\necho "${answer}" >&2; exit ${code}`);
    return { env: { PATH: bin } };
  };

  onPosix.each<[string, string, number, Finding['status'], RegExp]>([
    ['that is in step', 'Would make no changes', 0, 'ok', /in step/],
    [
      'whose lock is stale',
      'error: The lockfile at uv.lock needs to be updated, but --locked',
      1,
      'fail',
      /does not fit pyproject/,
    ],
    ['that lacks packages', 'error: The environment is outdated; run uv sync', 1, 'fail', /not in step/],
    ['that an old uv can’t compare', "error: unexpected argument '--check' found", 2, 'skip', /can't tell/],
    ['that can’t be compared', 'error: something new', 2, 'warn', /something new/],
  ])('%s', async (_, answer, code, status, found) => {
    const finding = await check(environment, { files }, withUv(answer, code));
    expect(finding).toMatchObject({ status, found: expect.stringMatching(found) as string });
  });

  test('tells its Python', async () => {
    expect(await check(python, { files })).toMatchObject({
      status: 'ok',
      found: "3.11.7, in the project's environment",
    });
  });

  test('is made by --fix only for a template that is trusted', async () => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd, { template: { source: 'https://example.com/t.git', version: '1' } });
    const finding = await environment.run(factsOf(ctx));
    await expect(finding.apply?.()).rejects.toMatchObject({ code: 'trust' });
  });

  test('of the built-in template is made by --fix', async () => {
    const made: string[] = [];
    const ctx = testContext();
    writeTinyProject(ctx.cwd);
    const finding = await environment.run(factsOf(ctx, (root?: string) => Promise.resolve(void made.push(root ?? ''))));
    await finding.apply?.();
    expect(made).toEqual([ctx.cwd]);
  });
});

describe('.env', () => {
  test.each([
    ['A=1\nB = two\nexport C=3', ['A', 'B', 'C']],
    ['A=\nB=""\nC=\'\'\nD=# none', []],
    ['# A=1\n\nnothing\r\nB="x y" # why\r\n', ['B']],
  ])('%j sets %j', (text, names) => {
    expect([...variablesOf(text).keys()]).toEqual(names);
  });

  test.each<[string, TinyProject, NodeJS.ProcessEnv, Finding['status'], RegExp]>([
    ['nothing is required', { manifest: { env: [variable('A', false)] } }, {}, 'ok', /nothing/],
    ['a default is enough', { manifest: { env: [variable('A', true, 'x')] } }, {}, 'ok', /nothing/],
    ['the file gives it', { manifest: { env: [variable('A', true)] }, files: { '.env': 'A=1' } }, {}, 'ok', /are set/],
    ['the environment gives it', { manifest: { env: [variable('A', true)] } }, { A: '1' }, 'ok', /are set/],
    [
      'it is empty',
      { manifest: { env: [variable('A', true), variable('B', true)] }, files: { '.env': 'A=' } },
      {},
      'fail',
      /^A, B are required/,
    ],
  ])('%s', async (_, project, env, status, found) => {
    const finding = await check(dotenv, project, { env });
    expect(finding).toMatchObject({ status, found: expect.stringMatching(found) as string });
  });

  test('is copied from the example by --fix, and never over one that is there', async () => {
    const ctx = testContext({ env: {} });
    writeTinyProject(ctx.cwd, { manifest: { env: [variable('A', true)] }, files: { '.env.example': 'A=\n' } });
    const finding = await dotenv.run(factsOf(ctx));
    await finding.apply?.();
    expect(readFileSync(join(ctx.cwd, '.env'), 'utf8')).toBe('A=\n');
    writeFiles(ctx.cwd, { '.env': 'A=mine\n' });
    await expect(finding.apply?.()).rejects.toThrow(/EEXIST/);
    rmSync(join(ctx.cwd, '.env'));
    expect(existsSync(join(ctx.cwd, '.env'))).toBe(false);
  });
});

describe('the machine', () => {
  const programs = (scripts: Record<string, string>): Partial<TestContext> => {
    const bin = temporaryFolder();
    for (const [name, script] of Object.entries(scripts)) writeProgram(bin, name, script);
    return { env: { PATH: bin }, platform: 'linux' };
  };

  onPosix.each<[string, Check, Record<string, string>, Finding['status'], RegExp]>([
    ['without git', gitCheck, {}, 'fail', /missing/],
    ['with an old git', gitCheck, { git: 'echo "git version 2.37.1"' }, 'fail', /2\.37\.1, too old/],
    ['with a new git', gitCheck, { git: 'echo "git version 2.47.0.windows.1"' }, 'ok', /^2\.47\.0$/],
    ['without an identity', gitIdentity, { git: 'exit 128' }, 'warn', /not configured/],
    ['with an identity', gitIdentity, { git: 'echo "Ada <a@b.c> 17 +0100"' }, 'ok', /^Ada <a@b\.c>$/],
    ['without uv', uv, {}, 'warn', /missing or too old/],
    ['with an old uv', uv, { uv: 'echo "uv 0.4.1"' }, 'warn', /missing or too old/],
    ['with uv', uv, { uv: 'echo "uv 0.13.8 (x86)"' }, 'ok', /^0\.13\.8, on the PATH$/],
    ['without Python', python, {}, 'warn', /none that is 3\.11/],
    ['with an old Python', python, { python3: 'echo 3.10.2' }, 'warn', /none that is 3\.11/],
    [
      'with a Python that uv knows',
      python,
      { uv: 'test "$1" = python && echo /x/python3.12 || echo "uv 0.13.8"' },
      'ok',
      /python3\.12/,
    ],
    ['with Python', python, { python3: 'exit 1', python: 'echo 3.12.1' }, 'ok', /^3\.12\.1, .*python$/],
  ])('%s', async (_, one, scripts, status, found) => {
    const finding = await one.run(factsOf(testContext(programs(scripts))));
    expect(finding).toMatchObject({ status, found: expect.stringMatching(found) as string });
  });
});

describe('checks that a layer declares', () => {
  test('look for files, programs and ports, and run nothing', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void server.close());
    const declared = (name: string, kind: string, value: string) => ({
      name,
      kind,
      value,
      fix: `mend ${name}`,
      layer: 'main',
    });
    const ctx = testContext();
    const open = String((server.address() as AddressInfo).port);
    writeTinyProject(ctx.cwd, {
      manifest: {
        checks: [
          declared('there', 'file', 'pyproject.toml'),
          declared('gone', 'file', 'none.txt'),
          declared('git', 'command', 'git --version'),
          declared('nothing', 'command', 'mlsys-no-such-program'),
          declared('open', 'port', open),
          declared('closed', 'port', '1'),
        ],
      },
    });
    const facts = factsOf(ctx);
    const found = await Promise.all(
      declaredChecks(facts).map(async (one) => [one.name, (await one.run(facts)).status]),
    );
    expect(Object.fromEntries(found)).toEqual({
      there: 'ok',
      gone: 'warn',
      git: 'ok',
      nothing: 'warn',
      open: 'ok',
      closed: 'warn',
    });
  });
});

describe('a setting that a layer declares', () => {
  const check = {
    ...{ name: 'model', kind: 'setting', value: 'agents.one.model', at: 'agents.one.address', layer: 'main' },
    ...{ needs: { 'gpt-(?!oss)': 'SOME_KEY', scripted: '' }, fix: 'a script stands in' },
  };

  function told(env: Record<string, string>, files: Record<string, string> = {}) {
    const ctx = testContext({ env });
    const conf = { 'conf/agents/one.yaml': 'model: gpt-4\n', ...files };
    writeTinyProject(ctx.cwd, { manifest: { checks: [check] }, answers: { package_name: 'shop' }, files: conf });
    return declaredChecks(factsOf(ctx))[0]?.run(factsOf(ctx));
  }

  test.each([
    [{}, {}, 'gpt-4 is configured, and SOME_KEY is not set: a script stands in'],
    [{ SOME_KEY: 'abc' }, {}, 'gpt-4 is configured and in use'],
    [{}, { '.env': 'SOME_KEY="abc"\n' }, 'gpt-4 is configured and in use'],
    [
      {},
      { 'conf/environments/development.yaml': 'agents: {one: {model: scripted}}\n' },
      'scripted is configured and in use',
    ],
    [{ SHOP_ENV: 'test' }, { 'conf/environments/test.yaml': 'agents: {one: {model: own}}\n' }, 'own is configured'],
    [{}, { '.env': 'SHOP__AGENTS__ONE__MODEL=scripted\n' }, 'scripted is configured and in use'],
    [
      { SHOP__AGENTS__ONE__ADDRESS: 'http://127.0.0.1:1' },
      {},
      'gpt-4 is configured, and agents.one.address is http://127.0.0.1:1',
    ],
  ])('is told with what its value needs: %j %j', async (env, files, found) => {
    expect(await told(env, files)).toEqual({ status: 'ok', found });
  });

  test.each([
    ['https://me:pass@host:8/v1?key=pass#pass', 'https://host:8/v1'],
    ['http://:pass@host/v1', 'http://host/v1'],
    ['https://me:pa@pass@host/v1', 'https://host/v1'],
    ['https://me:1/pass@host/v1', 'set'],
    ['https://me:pass?x@host/v1', 'set'],
    ['me:pass@host/v1', 'set'],
    ['host:8/v1', 'host:8/v1'],
  ])('is told without passwords of an address: %s', async (address, shown) => {
    const found = await told({ SHOP__AGENTS__ONE__ADDRESS: address });
    expect(found?.found).toBe(`gpt-4 is configured, and agents.one.address is ${shown}`);
  });

  test('is passed over where no file has it', async () => {
    const found = await told({}, { 'conf/agents/one.yaml': 'model: {}\n' });
    expect(found?.status).toBe('skip');
  });
});

describe('mlsys doctor', () => {
  test('outside a project looks at the machine alone', async () => {
    const ctx = testContext();
    expect(await doctorCommand(ctx, {})).toBe(0);
    expect(ctx.out.at(-1)).toMatch(/^skip {2}project +not inside a project$/);
    expect(ctx.out.join('\n')).toMatch(/^ok {4}git /m);
  });

  test('exits with 1 on a fault, and gives its findings as data', async () => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd, { files: { '.mlsys/lock.json': '{' } });
    expect(await doctorCommand(ctx, { json: true })).toBe(1);
    const findings = JSON.parse(ctx.out.join('\n')) as Record<string, unknown>[];
    expect(findings.find(({ name }) => name === 'lock')).toEqual({
      name: 'lock',
      status: 'fail',
      found: '.mlsys/lock.json is no valid JSON',
      fix: expect.stringContaining('git checkout HEAD') as string,
    });
    for (const finding of findings) expect(Object.keys(finding)).toEqual(['name', 'status', 'found', 'fix']);
  });
});
