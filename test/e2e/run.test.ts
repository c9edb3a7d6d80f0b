import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/context.js';
import { runCli, startCli } from '../helpers/run-cli.js';
import { type TinyProject, writeFiles, writeTinyProject } from '../helpers/tiny-project.js';

const onPosix = test.skipIf(process.platform === 'win32');

const python = (code: string): string => `python -c "${code}"`;
const tasks = [
  { name: 'echo', command: [python('import sys; print(sys.argv[1:])')] },
  { name: 'seven', command: [python('raise SystemExit(7)')] },
  { name: 'read', command: [python('import sys; print(sys.stdin.read().upper())')] },
  {
    name: 'where',
    command: [python("import os, sys; print(os.getcwd(), os.environ.get('VIRTUAL_ENV', ''), sys.prefix)")],
  },
  { name: 'steps', steps: ['echo', 'seven', 'read'] },
  { name: 'wait', command: ['python wait.py'] },
  { name: 'saves', command: ['python wait.py 0', 'python wait.py 0'] },
  { name: 'dies', command: [python('import os, signal; os.kill(os.getpid(), signal.SIGKILL)')] },
  { name: 'many', ambiguous: ['many-a', 'many-b'] },
];

/** Says `ready`, then which signals it got; ends with 128 and their sum, or as it was told to. */
const waiting = `
import signal, sys, time
got = []
for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(name, lambda number, _: got.append(number))
print("ready", flush=True)
end = time.monotonic() + 120
while not got and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(0.5)  # a signal that came twice would be here by now
print("got", got, flush=True)
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 128 + sum(got))
`;

function project(given: TinyProject = {}): string {
  const root = temporaryFolder();
  writeTinyProject(root, { tasks, files: { 'wait.py': waiting, 'sub/folder/x': '' }, ...given });
  return root;
}

describe('mlsys run', () => {
  test('makes the environment first, then passes arguments, input and the exit code through', async () => {
    const cwd = project();
    const first = await runCli(['run', 'echo', '--', '--seed', '1', 'a b', '*'], { cwd });
    expect(first).toMatchObject({ exitCode: 0, stdout: "['--seed', '1', 'a b', '*']" });
    expect(first.stderr).toContain('The Python environment is not there yet, it is made first');
    expect(await runCli(['seven'], { cwd })).toMatchObject({ exitCode: 7, stdout: '', stderr: '' });
    expect(await runCli(['read'], { cwd, input: 'hello' })).toMatchObject({ exitCode: 0, stdout: 'HELLO' });
  });

  test('runs at the root of the project, in its own environment', async () => {
    const root = project();
    const { stdout, exitCode } = await runCli(['run', 'where'], { cwd: join(root, 'sub', 'folder') });
    expect(exitCode).toBe(0);
    expect(stdout.split(' ')).toEqual([root, join(root, '.venv'), join(root, '.venv')]);
  });

  test('brings an environment into step that no longer is', async () => {
    const cwd = project();
    await runCli(['setup'], { cwd });
    writeFiles(cwd, { 'pyproject.toml': '[project]\nname = "tiny"\nversion = "0.2.0"\nrequires-python = ">=3.11"\n' });
    expect((await runCli(['doctor'], { cwd })).exitCode).toBe(1);
    expect((await runCli(['run', 'echo'], { cwd })).exitCode).toBe(0);
    expect((await runCli(['doctor'], { cwd })).exitCode).toBe(0);
  });

  test('asks uv for the extras of each line that the task does not need beforehand', async () => {
    const table = '[project.optional-dependencies]\nmore = []\n';
    const cwd = project({
      tasks: [
        { name: 'extras', command: [`--extra more ${python('print(1)')}`, `--extra other ${python('print(2)')}`] },
      ],
      pyproject: `[project]\nname = "tiny"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n${table}`,
    });
    await runCli(['setup'], { cwd });
    const { exitCode, stdout, stderr } = await runCli(['run', 'extras'], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '1' });
    expect(stderr).toContain('Extra `other` is not defined');
  });

  test('runs steps in turn and stops at the first that fails, with its exit code', async () => {
    const { exitCode, stdout, stderr } = await runCli(['run', 'steps'], { cwd: project() });
    expect({ exitCode, stdout }).toEqual({ exitCode: 7, stdout: '[]' });
    expect(stderr).toMatch(/stopped at seven \(exit code 7\), 1 command after it not run$/);
  });

  test.each([
    ['a name that could be several tasks', ['run', 'many'], /error: many could be many-a or many-b/],
    ['a near miss', ['run', 'ecko'], /hint: did you mean echo\?/],
    ['arguments for several steps', ['run', 'steps', '--', 'x'], /steps takes no arguments/],
  ])('refuses %s with exit 1', async (_, args, message) => {
    const { exitCode, stderr } = await runCli(args, { cwd: project() });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
  });

  test('runs nothing of a template that is not trusted', async () => {
    const template = { source: 'https://example.com/t.git', version: 'v1', commit: 'a'.repeat(40) };
    const { exitCode, stderr, stdout } = await runCli(['run', 'echo'], { cwd: project({ template }) });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/https:\/\/example\.com\/t\.git at aaaaaaaaaaaa is not trusted[^]*--trust/);
  });
});

describe('a signal to mlsys', () => {
  async function interrupted(task: string, signal: NodeJS.Signals) {
    const cwd = project();
    await runCli(['setup'], { cwd });
    const running = startCli(['run', task], { cwd });
    await once(running.stdout, 'data');
    running.kill(signal);
    const { exitCode, stdout, stderr } = await running;
    return { exitCode, stdout, stderr };
  }

  onPosix.each<[NodeJS.Signals, number, number]>([
    ['SIGINT', 2, 130],
    ['SIGTERM', 15, 143],
    ['SIGHUP', 1, 129],
  ])('%s reaches the task once, and its exit code comes back', async (signal, number, code) => {
    expect(await interrupted('wait', signal)).toMatchObject({ exitCode: code, stdout: `ready\ngot [${number}]` });
  });

  onPosix('ends a task of several commands, even where the one that got it ended well', async () => {
    const { exitCode, stdout } = await interrupted('saves', 'SIGINT');
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: 'ready\ngot [2]' });
  });

  onPosix('that ended the task itself is its exit code', async () => {
    expect((await runCli(['run', 'dies'], { cwd: project() })).exitCode).toBe(137);
  });
});
