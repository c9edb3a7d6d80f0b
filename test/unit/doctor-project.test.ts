import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadTemplate } from '../../src/adapters/source.js';
import type { Check, Facts, Finding } from '../../src/doctor/check.js';
import { dotenv } from '../../src/doctor/dotenv.js';
import { drift } from '../../src/doctor/drift.js';
import { gatherFacts } from '../../src/doctor/facts.js';
import { gh } from '../../src/doctor/gh.js';
import { hooks } from '../../src/doctor/hooks.js';
import { runChecks } from '../../src/doctor/index.js';
import { lock } from '../../src/doctor/lock.js';
import { manifest } from '../../src/doctor/manifest.js';
import { merge } from '../../src/doctor/merge.js';
import { python } from '../../src/doctor/python.js';
import { repository } from '../../src/doctor/repository.js';
import { fitsPython } from '../../src/doctor/requires-python.js';
import { hostPort, serviceChecks } from '../../src/doctor/services.js';
import { newestOf, template } from '../../src/doctor/template.js';
import { parseBuild, torch } from '../../src/doctor/torch.js';
import type { TemplateRef } from '../../src/schema/lock.js';
import { type TestContext, temporaryFolder, testContext } from '../helpers/context.js';
import { makeRepository } from '../helpers/repository.js';
import {
  commitAll,
  git,
  type TinyProject,
  writeFiles,
  writeProgram,
  writeTinyProject,
} from '../helpers/tiny-project.js';

const onPosix = test.skipIf(process.platform === 'win32');
const setUps: string[] = [];
const factsOf = (ctx: TestContext): Facts => gatherFacts(ctx, (root) => Promise.resolve(void setUps.push(root)));

/** A project in a repository with one commit. */
function committed(project: TinyProject = {}, overrides: Partial<TestContext> = {}): TestContext {
  const ctx = testContext(overrides);
  writeTinyProject(ctx.cwd, project);
  commitAll(ctx.cwd);
  return ctx;
}

const found = (status: Finding['status'], text: RegExp) => ({
  status,
  found: expect.stringMatching(text) as string,
});

describe('a lock or manifest that is lost or damaged', () => {
  test.each<[string, Check, string, string | undefined, RegExp]>([
    ['lock that is missing', lock, '.mlsys/lock.json', undefined, /lock\.json is missing/],
    ['lock that is damaged', lock, '.mlsys/lock.json', '{', /no valid JSON/],
    ['manifest that is missing', manifest, '.mlsys/manifest.json', undefined, /can't be read/],
    ['manifest that is damaged', manifest, '.mlsys/manifest.json', '[]', /is damaged/],
  ])('a %s is put back as HEAD has it, and what was there is kept', async (_, one, path, text, message) => {
    const ctx = committed();
    const file = join(ctx.cwd, path);
    const before = readFileSync(file, 'utf8');
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    const finding = await one.run(factsOf(ctx));
    expect(finding).toMatchObject(found('fail', message));
    await finding.apply?.();
    expect(readFileSync(file, 'utf8')).toBe(before);
    const kept = join(ctx.cwd, '.git/mlsys/rescued', path);
    expect(existsSync(kept) ? readFileSync(kept, 'utf8') : undefined).toBe(text);
    expect(await one.run(factsOf(ctx))).toMatchObject({ status: 'ok' });
  });

  test('is left as it is where HEAD has no better one, or while a merge is in progress', async () => {
    const ctx = committed({ files: { '.mlsys/lock.json': '{' } });
    expect((await lock.run(factsOf(ctx))).apply).toBeUndefined();
    const merging = committed();
    rmSync(join(merging.cwd, '.mlsys/lock.json'));
    writeFiles(merging.cwd, { '.git/MERGE_HEAD': `${git(merging.cwd, 'rev-parse', 'HEAD')}\n` });
    expect((await lock.run(factsOf(merging))).apply).toBeUndefined();
  });

  test('does not hide the project: the other checks look at it', async () => {
    const ctx = committed();
    rmSync(join(ctx.cwd, '.mlsys/lock.json'));
    const results = await runChecks(factsOf(ctx));
    expect(results.find(({ check }) => check.name === 'repository')?.finding).toMatchObject({ status: 'ok' });
    for (const { finding } of results) expect(finding.found).not.toMatch(/could not be checked/);
  });
});

describe('work that was not finished', () => {
  test('by a command that was killed is taken back by --fix', async () => {
    const ctx = committed({ files: { 'a.txt': 'before\n' } });
    const head = git(ctx.cwd, 'rev-parse', 'HEAD');
    const change = { command: 'sync', head, tree: head, mergeHead: head, message: '', stages: [], paths: ['a.txt'] };
    writeFiles(ctx.cwd, {
      'a.txt': 'half\n',
      '.git/mlsys/journal.json': JSON.stringify({ ...change, commit: '0'.repeat(40) }),
    });
    const finding = await merge.run(factsOf(ctx));
    expect(finding).toMatchObject(found('fail', /^`mlsys sync` was interrupted/));
    await finding.apply?.();
    expect(readFileSync(join(ctx.cwd, 'a.txt'), 'utf8')).toBe('before\n');
    expect(await merge.run(factsOf(ctx))).toMatchObject({ status: 'ok' });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['a sync that waits', { 'mlsys/pending.json': '{"command":"sync","mergeHead":"HEAD"}' }, /^`mlsys sync` is not/],
    ['a merge of git', {}, /^a merge is in progress/],
  ])('%s is named, and left to the person', async (_, files, message) => {
    const ctx = committed();
    const head = git(ctx.cwd, 'rev-parse', 'HEAD');
    for (const [path, text] of Object.entries({ ...files, MERGE_HEAD: `${head}\n` }))
      writeFiles(join(ctx.cwd, '.git'), { [path]: text.replace('"HEAD"', `"${head}"`) });
    const finding = await merge.run(factsOf(ctx));
    expect(finding).toMatchObject(found('warn', message));
    expect(finding.apply).toBeUndefined();
  });
});

describe('the repository', () => {
  test.each<[string, (ctx: TestContext) => void, Finding['status'], RegExp]>([
    ['is the project’s own', () => undefined, 'ok', /^its own$/],
    ['is missing', ({ cwd }) => rmSync(join(cwd, '.git'), { recursive: true }), 'warn', /not in a git repository/],
    ['has no commit', ({ cwd }) => git(cwd, 'update-ref', '-d', 'HEAD'), 'warn', /no commit yet/],
  ])('%s', async (_, change, status, text) => {
    const ctx = committed({}, { env: { ...process.env, GIT_CEILING_DIRECTORIES: '/tmp' } });
    change(ctx);
    expect(await repository.run(factsOf(ctx))).toMatchObject(found(status, text));
  });

  test('counts own changes, and finds no fault in them', async () => {
    const ctx = committed();
    expect(await drift.run(factsOf(ctx))).toMatchObject(found('ok', /^0 edited, 0 deleted, 3 added/));
  });

  test('that tracks .env gives secrets away', async () => {
    expect(await dotenv.run(factsOf(committed({ files: { '.env': 'A=1\n' } })))).toMatchObject(found('warn', /tracks/));
  });

  test.each<[string, (ctx: TestContext) => void, Finding['status']]>([
    ['no hook', () => undefined, 'warn'],
    ['its hook', ({ cwd }) => writeFiles(cwd, { '.git/hooks/pre-commit': '' }), 'ok'],
    [
      'a hook where the person keeps hooks',
      ({ cwd }) => {
        git(cwd, 'config', 'core.hooksPath', 'my-hooks');
        writeFiles(cwd, { 'my-hooks/pre-commit': '' });
      },
      'ok',
    ],
    ['no configuration', ({ cwd }) => rmSync(join(cwd, '.pre-commit-config.yaml')), 'skip'],
  ])('that has %s', async (_, change, status) => {
    const ctx = committed({ files: { '.pre-commit-config.yaml': 'repos: []\n' } });
    change(ctx);
    expect(await hooks.run(factsOf(ctx))).toMatchObject({ status });
  });
});

describe('the template', () => {
  const layer = 'name: main\ntitle: Base\nsummary: A project\n';
  const files = { 'templates/base/layer.yaml': layer, 'templates/base/files/a.txt': 'a\n' };
  const answers = { project_name: 'tiny', package_name: 'tiny' };

  /** A template with two releases, and a project on the first. */
  function released(source: (root: string, url: string) => string, ref?: string) {
    const ctx = testContext();
    const made = makeRepository(temporaryFolder(), files);
    made.git('tag', 'v1.0.0');
    const first = made.git('rev-parse', 'HEAD');
    made.commit({ 'templates/base/files/a.txt': 'b\n' });
    made.git('tag', '--annotate', '--message', 'Two', 'v2.0.0');
    const from = source(made.root, made.url);
    const put = (template: TemplateRef): void =>
      writeTinyProject(ctx.cwd, { answers, template: { ...template, ...(ref === undefined ? {} : { ref }) } });
    put({ source: from, version: 'v1.0.0', commit: first });
    return { ctx, made, put, run: () => template.run(factsOf(ctx)) };
  }

  test.each<[string, TemplateRef, Finding['status'], RegExp]>([
    ['of a newer mlsys', { source: 'builtin', version: '99.0.0' }, 'warn', /on 99\.0\.0, this mlsys brings/],
    ['that was updated', { source: 'builtin', version: '0.0.1' }, 'warn', /an update is there: 0\.0\.1 → /],
    ['in a folder that is gone', { source: '../nowhere', version: 'v1' }, 'warn', /nowhere is not there/],
    ['on a server that is gone', { source: 'file:///nowhere/t.git', version: 'v1' }, 'warn', /can't be reached/],
    ['over ssh that is not in the cache', { source: 'git@nowhere:t.git', version: 'v1' }, 'skip', /was not asked/],
  ])('%s', async (_, ref, status, text) => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd, { answers: { ...answers, description: 'Tiny' }, template: ref });
    expect(await template.run(factsOf(ctx))).toMatchObject(found(status, text));
  });

  test('in a folder has an update', async () => {
    const { run } = released((root) => root);
    expect(await run()).toMatchObject(found('warn', /v1\.0\.0 → v2\.0\.0$/));
  });

  test('on a server has an update, until the project is on its newest release', async () => {
    const { run, put, made } = released((_, url) => url);
    expect(await run()).toMatchObject({ ...found('warn', /v1\.0\.0 → v2\.0\.0$/), fix: 'mlsys sync' });
    put({ source: made.url, version: 'v2.0.0', commit: made.git('rev-parse', 'v2.0.0^{commit}') });
    expect(await run()).toMatchObject(found('ok', /^up to date, v2\.0\.0$/));
  });

  test('that can’t be reached has a copy in the cache', async () => {
    const { ctx, run, made } = released((_, url) => url);
    await loadTemplate(ctx, made.url, { projectRoot: ctx.cwd, base: ctx.cwd });
    renameSync(made.root, `${made.root}-away`);
    onTestFinished(() => rmSync(`${made.root}-away`, { recursive: true }));
    const finding = await run();
    expect(finding).toMatchObject(found('warn', /can't be reached/));
    expect(finding.fix).toContain('the cache has a copy');
  });

  test('on a server that does not answer is not waited for', async () => {
    const server = createServer(() => undefined);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const ctx = testContext();
    writeTinyProject(ctx.cwd, { template: { source: `https://127.0.0.1:${port}/t.git`, version: 'v1' } });
    const started = Date.now();
    expect(await template.run(factsOf(ctx))).toMatchObject(found('skip', /did not answer at once|was not asked/));
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  test.each([
    ['the branch that is followed', 'dev', 'dev'],
    ['the newest release', undefined, 'v1.10.0'],
    ['the newest release, where the ref is no branch', 'v1.9.0', 'v1.10.0'],
  ])('goes to %s', (_, ref, name) => {
    const names = [
      'HEAD',
      'refs/heads/dev',
      'refs/tags/v1.9.0',
      'refs/tags/v1.10.0',
      'refs/tags/v2.0.0-rc.1',
      'refs/tags/x',
    ];
    expect(newestOf(new Map(names.map((one) => [one, one])), ref)?.name).toBe(name);
  });
});

describe('the Python of the environment', () => {
  test.each([
    ['3.11.7', '>=3.11', true],
    ['3.10.2', '>=3.11', false],
    ['3.13.0', '>=3.11,<3.13', false],
    ['3.12.4', '~=3.11', true],
    ['4.0.0', '~=3.11', false],
    ['3.11.7', '==3.11.*', true],
    ['3.12.0', '==3.11.*', false],
    ['3.12.0', '!=3.12.*', false],
    ['3.12.0', '==3.12', true],
    ['3.12.0', '>3.11, <=3.12', true],
    ['3.12.0', '>=3.11rc1', undefined],
    ['3.12.0', '', true],
  ])('%s fits %j: %s', (version, specifiers, fits) => {
    expect(fitsPython(version, specifiers)).toBe(fits);
  });

  test('that the project does not take is replaced by --fix', async () => {
    const ctx = committed({ files: { '.venv/pyvenv.cfg': 'version_info = 3.9.1\n' } });
    const finding = await python.run(factsOf(ctx));
    expect(finding).toMatchObject(found('fail', /^3\.9\.1 .* requires >=3\.11$/));
    await finding.apply?.();
    expect(setUps).toContain(ctx.cwd);
  });

  onPosix('that is gone from the machine', async () => {
    const ctx = committed({ files: { '.venv/pyvenv.cfg': 'version_info = 3.11.1\n', '.venv/bin/x': '' } });
    symlinkSync('/nowhere/python3', join(ctx.cwd, '.venv/bin/python'));
    expect(await python.run(factsOf(ctx))).toMatchObject(found('fail', /is gone from this machine/));
  });
});

describe('PyTorch', () => {
  const build = (version: string, cuda: string): string =>
    `from typing import Optional\n\n__version__ = '${version}'\ncuda: Optional[str] = ${cuda}\nhip: Optional[str] = None\n`;
  const forCpu = build('2.9.0+cpu', 'None');
  const forCuda = build('2.9.0+cu128', "'12.8'");
  const card = (driver: string): string => `echo "NVIDIA T4, ${driver}"`;

  onPosix.each<[string, string, string | undefined, string, Finding['status'], RegExp]>([
    ['for CUDA with a driver that serves it', forCuda, undefined, card('525.60.13'), 'ok', /CUDA 12\.8$/],
    ['for CUDA with an old driver', forCuda, undefined, card('470.82.01'), 'fail', /driver 470 is older than 525/],
    ['for a new CUDA', build('2.15.0', "'13.2'"), undefined, card('575.57'), 'fail', /older than 580/],
    ['for the CPU beside a card', forCpu, undefined, card('580.1'), 'warn', /CPU alone.*NVIDIA T4/],
    ['for the CPU as chosen', forCpu, 'cpu', card('580.1'), 'ok', /as chosen/],
    ['for CUDA without a card', forCuda, undefined, 'exit 9', 'ok', /computes on the CPU/],
  ])('%s', async (_, text, accelerator, script, status, message) => {
    const bin = temporaryFolder();
    writeProgram(bin, 'nvidia-smi', script);
    const ctx = testContext({ env: { PATH: bin }, platform: 'freebsd' });
    writeTinyProject(ctx.cwd, {
      answers: accelerator === undefined ? {} : { accelerator },
      files: { '.venv/lib/python3.11/site-packages/torch/version.py': text },
    });
    expect(await torch.run(factsOf(ctx))).toMatchObject(found(status, message));
  });

  test('says itself what it was built for', () => {
    const rocm = forCpu.replace('hip: Optional[str] = None', "hip: Optional[str] = '6.4'");
    expect(parseBuild(rocm)).toEqual({ version: '2.9.0+cpu', cuda: undefined, rocm: true });
    expect(parseBuild('nothing')).toBeUndefined();
  });
});

describe('services', () => {
  /** A server that says one thing to whoever says something. */
  async function serve(answer: string | Buffer): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.write(answer));
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  async function look(name: string, ports: readonly string[], files: Record<string, string> = {}): Promise<Finding> {
    const ctx = testContext({ env: { PATH: '' } });
    const service = { name, layer: 'main', image: `${name}:8`, ports: [...ports] };
    writeTinyProject(ctx.cwd, { manifest: { services: [service] }, files });
    const [one] = serviceChecks(factsOf(ctx));
    return one === undefined ? { status: 'fail', found: 'no check' } : one.run(factsOf(ctx));
  }

  test.each<[string, string, string | Buffer, Finding['status'], RegExp]>([
    ['Redis', 'redis', '+PONG\r\n', 'ok', /^up, port \d+$/],
    ['Redis that wants a password', 'redis', '-NOAUTH Authentication required.\r\n', 'ok', /^up/],
    ['another program where Redis would be', 'redis', 'HTTP/1.1 400 Bad Request\r\n', 'warn', /something else/],
    ['MLflow', 'mlflow', 'HTTP/1.1 200 OK\r\n\r\nOK', 'ok', /^up/],
    ['another server where MLflow would be', 'mlflow', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'warn', /something else/],
    ['Kafka', 'kafka', Buffer.from('0000000600000007000000000000', 'hex'), 'ok', /^up/],
    ['another program where Kafka would be', 'kafka', 'SSH-2.0-OpenSSH\r\n', 'warn', /something else/],
    ['a service that mlsys does not know', 'grafana', '', 'ok', /^up/],
  ])('%s', async (_, name, answer, status, text) => {
    expect(await look(name, [`${await serve(answer)}:1`])).toMatchObject(found(status, text));
  });

  test('that do not run are no fault, and how to start them is said', async () => {
    expect(await look('redis', ['1:6379'])).toEqual({
      status: 'skip',
      found: 'not running (port 1)',
      fix: 'docker run -d --rm -p 1:6379 redis:8',
    });
    expect((await look('redis', ['1:6379'], { 'compose.yaml': '' })).fix).toBe('docker compose up -d redis');
  });

  test('that run by half', async () => {
    expect(await look('redis', [`${await serve('+PONG\r\n')}:6379`, '1:2'])).toMatchObject(
      found('warn', /port 1 is closed/),
    );
  });

  test.each([
    ['6379:6379', 6379],
    ['127.0.0.1:5000:80/tcp', 5000],
    ['${PORT:-8080}:80', 8080],
    ['${SET:-8080}:80', 1234],
    ['9092', undefined],
    ['53:53/udp', undefined],
    ['3000-3005:3000-3005', undefined],
  ])('%s is port %s of this machine', (mapping, port) => {
    expect(hostPort(mapping, { SET: '1234' })).toBe(port);
  });
});

describe('the GitHub CLI', () => {
  onPosix('is found on the PATH, and is no fault where it is missing', async () => {
    const bin = temporaryFolder();
    const ctx = testContext({ env: { PATH: bin } });
    expect(await gh.run(factsOf(ctx))).toMatchObject({ status: 'skip' });
    writeProgram(bin, 'gh', '');
    expect(await gh.run(factsOf(ctx))).toMatchObject({ status: 'ok' });
  });
});
