import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { programsOnPath } from '../../src/adapters/exec.js';
import { temporaryFolder } from '../helpers/context.js';
import { personEnvironment, runCli, startCli } from '../helpers/run-cli.js';
import { commitAll, git, writeFiles, writeProgram, writeTinyProject } from '../helpers/tiny-project.js';

const onPosix = test.skipIf(process.platform === 'win32');

function project(): string {
  const root = temporaryFolder();
  writeTinyProject(root, {
    tasks: [{ name: 'which-uv', command: ['python -c "import shutil; print(shutil.which(\'uv\'))"'] }],
  });
  commitAll(root);
  return root;
}

describe('mlsys setup', () => {
  test('makes the environment and commits uv.lock alone; a second time changes nothing', async () => {
    const cwd = project();
    writeFiles(cwd, { 'mine.txt': 'untracked' });
    const { exitCode, stdout, stderr } = await runCli(['setup'], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toMatch(
      /^Find uv\n {2}\d+\.\d+\.\d+, .*\nInstall the Python packages\n[^]*\nCommit uv.lock\n {2}done\n/,
    );
    expect(git(cwd, 'show', '--format=%s', '--name-only')).toBe('Lock the Python dependencies\n\nuv.lock');
    expect(git(cwd, 'status', '--porcelain')).toBe('?? mine.txt');
    const again = await runCli(['setup'], { cwd });
    expect(again.stderr).toMatch(/Commit uv.lock\n {2}unchanged\n/);
    expect(git(cwd, 'rev-list', '--count', 'HEAD')).toBe('2');
  });

  test('that fails half-way keeps the project, says how to go on, and then does', async () => {
    const cwd = project();
    const right = readFileSync(join(cwd, 'pyproject.toml'), 'utf8');
    writeFiles(cwd, { 'pyproject.toml': `${right}[tool.uv]\nrequired-version = "==0.0.1"\n` });
    const { exitCode, stderr } = await runCli(['setup'], { cwd });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error: set-up stopped: `uv sync` failed \(exit code \d\)\n[^]*0\.0\.1[^]*to go on: mlsys setup$/,
    );
    writeFiles(cwd, { 'pyproject.toml': right });
    expect((await runCli(['setup'], { cwd })).exitCode).toBe(0);
  });

  onPosix('that is interrupted takes uv along, and can be run again', async () => {
    const cwd = project();
    const bin = temporaryFolder();
    const pidFile = join(bin, 'pid');
    writeProgram(bin, 'uv', `test "$1" = --version && echo "uv 0.13.0" && exit\necho $$ > '${pidFile}'; exec sleep 60`);
    const env = personEnvironment();
    const running = startCli(['setup'], { cwd, env: { ...env, PATH: `${bin}${delimiter}${env.PATH ?? ''}` } });
    await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8'), { timeout: 60_000 }).toMatch(/\d\n/);
    running.kill('SIGINT');
    expect((await running).signal).toBe('SIGINT');
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
    expect((await runCli(['setup'], { cwd, env })).exitCode).toBe(0);
  });

  test('outside a project says what to do', async () => {
    const { exitCode, stderr } = await runCli(['setup'], { cwd: temporaryFolder() });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/is not inside a project[^]*hint: .*mlsys new/);
  });
});

describe('without uv', () => {
  /** A PATH with what set-up needs and no uv, or one that is too old. */
  function pathWithoutUv(): string {
    const bin = join(temporaryFolder(), 'bin');
    mkdirSync(bin);
    for (const name of ['git', 'sh']) {
      const [program] = programsOnPath(process.env, process.platform, name);
      if (program !== undefined) symlinkSync(program, join(bin, name));
    }
    writeProgram(bin, 'uv', 'echo "uv 0.4.0"');
    const [python = 'python3'] = programsOnPath(process.env, process.platform, 'python3');
    writeProgram(bin, 'python3', `PATH='${process.env.PATH ?? ''}' exec '${python}' "$@"`);
    return bin;
  }

  onPosix(
    'set-up makes a private one, past what a killed run left, and the project’s own programs find it',
    async () => {
      const cwd = project();
      const env = personEnvironment({
        PATH: pathWithoutUv(),
        PIP_CACHE_DIR: process.env.PIP_CACHE_DIR ?? join(homedir(), '.cache', 'pip'),
      });
      const cache = join(env.XDG_CACHE_HOME ?? '', 'mlsys');
      writeFiles(cache, { 'uv/bin/uv': 'half', '.uv.mlsys-999999999/bin/uv': 'half' });
      // uv itself looks for a Python on the PATH.
      env.PATH = [
        env.PATH,
        ...(process.env.PATH ?? '').split(delimiter).filter((f) => !existsSync(join(f, 'uv'))),
      ].join(delimiter);
      const { exitCode, stderr } = await runCli(['setup'], { cwd, env });
      expect({ exitCode, stderr }).toEqual({
        exitCode: 0,
        stderr: expect.stringMatching(
          /a private one is made in .*mlsys.uv\n {2}\d+\.\d+\.\d+, private to mlsys\n/,
        ) as string,
      });
      expect(readdirSync(cache)).toEqual(['uv']);
      const found = programsOnPath(env, process.platform, 'uv');
      expect(found).toHaveLength(1);
      expect((await runCli(['doctor', '--json'], { cwd, env })).stdout).toContain('private to mlsys');
      const { stdout } = await runCli(['which-uv'], { cwd, env: { ...env, PATH: withoutFirst(env.PATH) } });
      expect(stdout).toBe(join(cache, 'uv', 'bin', 'uv'));
    },
  );
});

const withoutFirst = (path = ''): string => path.split(delimiter).slice(1).join(delimiter);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
