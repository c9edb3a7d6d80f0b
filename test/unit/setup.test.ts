import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nvidiaFromKernel, proposeAccelerator, reachable } from '../../src/adapters/accelerator.js';
import { environmentPython, isInStep, markInStep } from '../../src/adapters/environment.js';
import { capture, programsOnPath, withFolderOnPath } from '../../src/adapters/exec.js';
import { commitOneFile } from '../../src/adapters/git/commit.js';
import { findUv, privateFolder, uvEnvironment } from '../../src/adapters/uv.js';
import { setupProject } from '../../src/commands/setup.js';
import { lastLines, remedyFor } from '../../src/core/uv-output.js';
import { lockPath } from '../../src/schema/lock.js';
import { runSteps } from '../../src/ui/tasks.js';
import { temporaryFolder, testContext } from '../helpers/context.js';
import { commitAll, git, writeFiles, writeProgram, writeTinyProject } from '../helpers/tiny-project.js';

const onPosix = test.skipIf(process.platform === 'win32');

describe('a program that is captured', () => {
  onPosix('gives its output, line by line as it comes too', async () => {
    const lines: string[] = [];
    const folder = temporaryFolder();
    const program = writeProgram(folder, 'p', 'echo one; echo two >&2; exit 3');
    const place = { cwd: folder, env: process.env };
    const answer = await capture(program, [], { ...place, onLine: (line) => lines.push(line) });
    expect(answer).toMatchObject({ exitCode: 3, stdout: 'one', stderr: 'two', timedOut: false });
    expect(lines.sort()).toEqual(['one', 'two']);
  });

  onPosix('is let go of after its time, even where its children hold the pipes', async () => {
    const folder = temporaryFolder();
    const program = writeProgram(folder, 'p', 'sleep 60 & wait');
    const started = Date.now();
    expect(await capture(program, [], { cwd: folder, env: process.env, limit: 200 })).toMatchObject({
      exitCode: -1,
      timedOut: true,
    });
    expect(Date.now() - started).toBeLessThan(30_000);
  });

  test('that is not there is an answer', async () => {
    const answer = await capture('mlsys-no-such-program', [], { cwd: temporaryFolder(), env: process.env });
    expect(answer).toMatchObject({ exitCode: -1, timedOut: false });
  });
});

describe('the PATH', () => {
  onPosix('gives every program of a name in its order, and no folder or plain file', () => {
    const folder = temporaryFolder();
    const second = writeProgram(join(folder, 'b'), 'uv', '');
    const third = writeProgram(join(folder, 'd'), 'uv', '');
    writeFiles(folder, { 'a/uv/file': '', 'c/uv': '' });
    const PATH = ['a', '', 'b', 'c', 'none', 'd']
      .map((name) => (name === '' ? '' : join(folder, name)))
      .join(delimiter);
    expect(programsOnPath({ PATH }, 'linux', 'uv')).toEqual([second, third]);
  });

  test.each([
    [{ PATH: 'a' }, { PATH: `a${delimiter}z` }],
    [{ Path: 'a' }, { Path: `a${delimiter}z` }],
    [{ PATH: '' }, { PATH: 'z' }],
    [{}, { PATH: 'z' }],
  ])('%j gets a folder at its end', (env, expected) => {
    expect(withFolderOnPath(env, 'z')).toEqual(expected);
  });
});

describe('uv', () => {
  const contextWith = (...versions: string[]) => {
    const folder = temporaryFolder();
    const folders = versions.map((version, i) => {
      writeProgram(join(folder, String(i)), 'uv', version === 'broken' ? 'exit 127' : `echo "uv ${version}"`);
      return join(folder, String(i));
    });
    return testContext({ env: { PATH: folders.join(delimiter) }, platform: 'linux', cacheDir: join(folder, 'cache') });
  };

  onPosix.each([
    ['the first on the PATH', ['0.9.1', '0.13.0'], '0.9.1'],
    ['the next where the first is too old', ['0.4.30', '0.13.0'], '0.13.0'],
    ['the next where the first does not run', ['broken', '0.13.0'], '0.13.0'],
    ['none where all are too old', ['0.4.30'], undefined],
    ['none where the PATH is empty', [], undefined],
  ])('is %s', async (_, versions, expected) => {
    expect((await findUv(contextWith(...versions)))?.version).toBe(expected);
  });

  onPosix('that mlsys made is used where the PATH has none, and its children find it', async () => {
    const ctx = contextWith('0.4.30');
    const path = writeProgram(join(privateFolder(ctx), 'bin'), 'uv', 'echo "uv 0.13.0"');
    const uv = await findUv(ctx);
    expect(uv).toEqual({ path, version: '0.13.0', isPrivate: true });
    const found = programsOnPath(uvEnvironment(ctx, { path, version: '', isPrivate: true }), 'linux', 'uv');
    expect(found.at(-1)).toBe(path);
  });

  test('never sees the virtual environment that happens to be active', () => {
    const ctx = testContext({ env: { PATH: 'a', VIRTUAL_ENV: '/elsewhere', HOME: '/h' } });
    expect(uvEnvironment(ctx, { path: 'uv', version: '', isPrivate: false })).toEqual({ PATH: 'a', HOME: '/h' });
  });
});

describe('what uv says', () => {
  test('ends in the lines that tell, without one for each package', () => {
    expect(lastLines('a\nb\n + torch==2.9\n - numpy==1\n\n  c  \n', 2)).toEqual(['b', '  c']);
  });

  test.each([
    ['error: No interpreter found for Python >=3.11 in managed installations', /uv python install/],
    ['error: Failed to fetch: `https://…`\n cause: dns error', /network/],
    ['error: failed to write: No space left on device (os error 28)', /room/],
    ['error: Failed to parse: `pyproject.toml`', /pyproject.toml/],
    ['× No solution found when resolving dependencies', /requirements/],
  ])('%s has a remedy', (output, remedy) => {
    expect(remedyFor(output)).toMatch(remedy);
  });

  test('is left alone where no cause is known', () => {
    expect(remedyFor('error: something else')).toBeUndefined();
  });
});

describe('uv.lock is committed', () => {
  const identity = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', EMAIL: '' };
  const commit = (root: string, env: NodeJS.ProcessEnv = {}) =>
    commitOneFile(
      { cwd: root, env: { ...process.env, ...identity, ...env } },
      { path: 'uv.lock', message: 'Lock the Python dependencies', beside: lockPath },
    );
  const project = (files: Record<string, string> = {}): string => {
    const root = temporaryFolder();
    writeTinyProject(root, { files });
    commitAll(root);
    return root;
  };

  test('alone, as the person, where it is new or changed', async () => {
    const root = project();
    writeFiles(root, { 'uv.lock': 'one', 'other.txt': 'untracked' });
    const person = {
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'a@b.c',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'a@b.c',
    };
    expect(await commit(root, person)).toBeUndefined();
    expect(git(root, 'log', '-1', '--format=%an <%ae> %s', '--name-only')).toBe(
      'Ada <a@b.c> Lock the Python dependencies\n\nuv.lock',
    );
    expect(git(root, 'status', '--porcelain')).toBe('?? other.txt');
    expect(await commit(root)).toBe('unchanged');
    writeFiles(root, { 'uv.lock': 'two' });
    expect(await commit(root)).toBeUndefined();
  });

  test('in a project that is a folder of a larger repository', async () => {
    const root = temporaryFolder();
    writeTinyProject(join(root, 'sub folder'));
    commitAll(root);
    writeFiles(root, { 'sub folder/uv.lock': 'one' });
    expect(await commit(join(root, 'sub folder'))).toBeUndefined();
    expect(git(root, 'show', '--format=', '--name-only', 'HEAD')).toBe('sub folder/uv.lock');
  });

  test('past hooks and signing, which belong to the person’s own commits', async () => {
    const root = project();
    writeProgram(join(root, '.git/hooks'), 'pre-commit', 'exit 1');
    git(root, 'config', 'commit.gpgSign', 'true');
    writeFiles(root, { 'uv.lock': 'one' });
    expect(await commit(root)).toBeUndefined();
  });

  test.each([
    ['there is no repository', (root: string) => writeTinyProject(root)],
    ['the project is not in a commit yet', (root: string) => void git(root, 'init', '--quiet')],
    [
      'git ignores it',
      (root: string) => (writeTinyProject(root, { files: { '.gitignore': '*.lock\n' } }), commitAll(root)),
    ],
    [
      'other changes are staged',
      (root: string) => {
        writeTinyProject(root);
        commitAll(root);
        writeFiles(root, { 'other.txt': 'x' });
        git(root, 'add', 'other.txt');
      },
    ],
    [
      'a merge is unfinished',
      (root: string) => {
        writeTinyProject(root);
        commitAll(root);
        writeFileSync(join(root, '.git/MERGE_HEAD'), `${git(root, 'rev-parse', 'HEAD')}\n`);
      },
    ],
  ])('not where %s', async (reason, prepare) => {
    const root = temporaryFolder();
    prepare(root);
    writeFiles(root, { 'uv.lock': 'one' });
    expect(await commit(root)).toBe(reason);
  });
});

describe('an environment', () => {
  test('is in step with what set-up made it from, until either file changes', () => {
    const root = temporaryFolder();
    const folder = join(root, '.venv');
    writeFiles(root, {
      'pyproject.toml': 'a',
      'uv.lock': 'b',
      '.venv/pyvenv.cfg': 'home = /x\nversion_info = 3.12.4\n',
    });
    expect(isInStep(root, folder)).toBe(false);
    markInStep(root, folder);
    expect(isInStep(root, folder)).toBe(true);
    writeFiles(root, { 'uv.lock': 'c' });
    expect(isInStep(root, folder)).toBe(false);
    expect(environmentPython(folder)).toBe('3.12.4');
    expect(environmentPython(join(root, 'none'))).toBeUndefined();
  });
});

describe('the accelerator', () => {
  test('is read from the files of the Linux driver', () => {
    const folder = temporaryFolder();
    const card = 'Model: \t\t NVIDIA H200\nIRQ:   \t\t 1\n';
    writeFiles(folder, {
      version: 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build\n',
      'gpus/0000:01:00.0/information': card,
      'gpus/0000:02:00.0/information': card,
    });
    expect(nvidiaFromKernel(folder)).toBe('2 × NVIDIA H200, driver 570.86.15');
    expect(nvidiaFromKernel(join(folder, 'none'))).toBeUndefined();
  });

  onPosix('is what nvidia-smi says where there are no such files', async () => {
    const folder = temporaryFolder();
    writeProgram(folder, 'nvidia-smi', 'echo "NVIDIA T4, 535.1.1"');
    expect(await proposeAccelerator(testContext({ env: { PATH: folder }, platform: 'freebsd' }))).toBe('cuda');
  });
});

describe('a server', () => {
  const serve = async (status: number | undefined): Promise<string> => {
    const server = createServer((_, response) => {
      if (status !== undefined) response.writeHead(status).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void (server.closeAllConnections(), server.close()));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  };

  test.each([
    ['that answers is reachable', 200, true],
    ['that lacks the page is reachable', 404, true],
    ['that is out of order is not', 503, false],
    ['that never answers is not', undefined, false],
  ])('%s', async (_, status, expected) => {
    expect(await reachable(await serve(status), 300)).toBe(expected);
  });

  test('with no such name is not', async () => {
    expect(await reachable('http://mlsys.invalid/', 2_000)).toBe(false);
  });
});

describe('set-up', () => {
  test('is told in plain lines where there is no terminal, and not at all where that is asked for', async () => {
    const steps = [
      { title: 'First', run: async (say: (line: string) => void) => (say('half'), Promise.resolve('done')) },
    ];
    const ctx = testContext();
    await runSteps({ ...ctx, env: { CI: '1' } }, steps);
    expect(ctx.err).toEqual(['First', '  half', '  done']);
    await runSteps(ctx, steps, { quiet: true });
    expect(ctx.err).toHaveLength(3);
  });

  onPosix('that fails shows the end of what uv said, keeps the project and says how to go on', async () => {
    const folder = temporaryFolder();
    const root = join(folder, 'my project');
    writeTinyProject(root);
    const bin = join(folder, 'bin');
    writeProgram(
      bin,
      'uv',
      'test "$1" = --version && echo "uv 0.13.0" && exit\necho "error: dns error: no host" >&2; exit 2',
    );
    const ctx = testContext({ cwd: folder, env: { PATH: bin } });
    await expect(setupProject(ctx, root)).rejects.toMatchObject({
      code: 'setup',
      exitCode: 1,
      message: 'set-up stopped: `uv sync` failed (exit code 2)',
      details: ['error: dns error: no host'],
      hint: expect.stringMatching(/network.*The project is kept; to go on: cd 'my project' && mlsys setup$/) as string,
    });
    expect(existsSync(join(root, lockPath))).toBe(true);
    expect(readFileSync(join(root, 'pyproject.toml'), 'utf8')).toContain('tiny');
  });

  onPosix.each([
    [undefined, 'error: sync --compile-bytecode --color never'],
    ['0', 'error: sync --color never'],
  ])('leaves it to UV_COMPILE_BYTECODE=%s whether modules are compiled now', async (value, said) => {
    const root = temporaryFolder();
    writeTinyProject(root);
    const bin = temporaryFolder();
    writeProgram(bin, 'uv', 'test "$1" = --version && echo "uv 0.13.0" && exit\necho "error: $*" >&2; exit 2');
    const ctx = testContext({ cwd: root, env: { PATH: bin, UV_COMPILE_BYTECODE: value } });
    await expect(setupProject(ctx, root)).rejects.toMatchObject({ details: [said] });
  });

  onPosix('without uv and without any Python says what to install', async () => {
    const ctx = testContext({ env: { PATH: temporaryFolder() } });
    writeTinyProject(ctx.cwd);
    await expect(setupProject(ctx, ctx.cwd)).rejects.toMatchObject({
      message: expect.stringMatching(/uv is missing, and there is no Python 3.8/) as string,
      hint: expect.stringMatching(/install Python 3.11/) as string,
    });
    expect(existsSync(privateFolder(ctx))).toBe(false);
  });
});
