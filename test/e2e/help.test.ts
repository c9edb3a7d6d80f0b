import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { topics } from '../../src/ui/help.js';
import { workplace } from '../helpers/cli.js';
import { packageRoot } from '../helpers/context.js';
import { writeTree } from '../helpers/template.js';
import { commitAll, writeTinyProject } from '../helpers/tiny-project.js';

const place = workplace();
const lines = (text: string): string[] => text.split('\n');
const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

/** What `mlsys __complete` gives for the last word, without the help. */
async function complete(...typed: string[]): Promise<string[]> {
  const { stdout, exitCode, stderr } = await place.mlsys(['__complete', '--', ...typed]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout === '' ? [] : lines(stdout).map((line) => line.split('\t')[0] ?? '');
}

async function everyCommand(): Promise<string[][]> {
  const parts = (await complete('branch', '')).map((name) => ['branch', name]);
  return [[], ...(await complete('')).map((name) => [name]), ...parts];
}

describe('help', () => {
  test('of each command fits a screen', async () => {
    for (const path of await everyCommand()) {
      const { stdout, exitCode } = await place.mlsys([...path, '--help']);
      const shown = lines(stdout);
      expect({ path, exitCode, usage: shown[0]?.startsWith('Usage: mlsys') }).toEqual({
        path,
        exitCode: 0,
        usage: true,
      });
      expect(shown.length, path.join(' ')).toBeLessThanOrEqual(40);
      expect(shown.filter((line) => line.length > 80)).toEqual([]);
    }
  });

  test('names every command, on one line each, and the topics', async () => {
    const { stdout } = await place.mlsys(['help']);
    const listed = lines(stdout).flatMap((line) => /^ {2}([a-z]+) {2,}\S/.exec(line)?.[1] ?? []);
    expect([...listed].sort()).toEqual((await complete('')).sort());
    expect(stdout).not.toContain('__');
    for (const topic of Object.keys(topics)) expect(stdout).toContain(topic);
  });

  test.each([[[]], [['new']], [['branch', 'test']]])(
    'asked for with `help` before %j is that of --help',
    async (path) => {
      const shown = await place.mlsys(['help', ...path]);
      expect(shown).toEqual(await place.mlsys([...path, '--help']));
      expect(shown.exitCode).toBe(0);
    },
  );

  test('of a topic is its page', async () => {
    const { stdout, exitCode } = await place.mlsys(['help', 'conflicts']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^mlsys help conflicts: .*mlsys sync --continue/s);
  });

  test.each([
    [['help', 'conflict'], /there is no command or topic "conflict"[^]*did you mean conflicts\?/],
    [['help', 'branch', 'tset'], /there is no command or topic "branch tset"/],
  ])('%j says what there is', async (args, message) => {
    const { exitCode, stderr } = await place.mlsys(args);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
  });

  test('names only commands and options that exist', async () => {
    const commands = await complete('');
    const typed = Object.values(topics).flatMap(({ text }) =>
      lines(text).flatMap((line) => /^ {4}(?:\w+=\S+ )?mlsys ([^#]*)/.exec(line)?.[1] ?? []),
    );
    expect(typed.length).toBeGreaterThan(40);
    const options = new Map<string, Set<string>>();
    for (const line of typed) {
      const [first = '', second = ''] = words(line);
      // `mlsys test` stands for a task.
      if (first === 'test') continue;
      expect(commands).toContain(first);
      const path = first === 'branch' ? `${first} ${second}` : first;
      const used = words(line.split(' -- ')[0] ?? '').filter((word) => word.startsWith('--'));
      options.set(path, new Set([...(options.get(path) ?? []), ...used]));
    }
    for (const [path, used] of options) {
      expect(await complete(...words(path), '--'), path).toEqual(expect.arrayContaining([...used]));
    }
  });
});

describe('the man page', () => {
  const page = join(packageRoot, 'man', 'mlsys.1');

  test('is that of these commands (npm run man makes it)', async () => {
    expect((await place.mlsys(['__man'])).stdout).toBe(readFileSync(page, 'utf8').trimEnd());
    const { man } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { man: string };
    expect(join(packageRoot, man)).toBe(page);
  });

  test('has a section for each command', async () => {
    const text = readFileSync(page, 'utf8');
    for (const path of (await everyCommand()).slice(1)) {
      if (path.join() !== 'branch') expect(text).toMatch(new RegExp(`^\\.SS mlsys ${path.join(' ')}( |$)`, 'm'));
    }
  });

  test.skipIf(!has('mandoc'))('is valid troff', () => {
    const faults = execFileSync('mandoc', ['-T', 'lint', '-W', 'error,stop', page], { encoding: 'utf8' });
    expect(faults).toBe('');
  });
});

function has(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

describe('completion', () => {
  let project = '';
  let shellEnv: NodeJS.ProcessEnv = {};

  beforeAll(() => {
    const template = place.folder('template');
    writeTree(template, {
      'branches/forest/branch.yaml': 'name: forest\ntitle: Forest\nsummary: Trees\n',
      'branches/meadow/branch.yaml': 'name: meadow\ntitle: Meadow\nsummary: Flowers\n',
    });
    project = place.folder('project');
    writeTinyProject(project, {
      tasks: [{ name: 'train' }, { name: 'transform' }, { name: 'test' }],
      template: { source: '../template', version: 'working tree' },
      files: { 'notes.txt': '' },
    });
    commitAll(project);
    const bin = place.folder('bin');
    writeFileSync(join(bin, 'start'), '');
    mkdirSync(join(place.root, 'home'), { recursive: true });
    symlinkSync(join(packageRoot, 'bin', 'mlsys.js'), join(bin, 'mlsys'));
    shellEnv = { ...place.env(), PATH: `${bin}:${process.env.PATH ?? ''}`, TERM: 'dumb' };
  });

  const shell = (program: string, args: readonly string[]): string =>
    execFileSync(program, args, { cwd: project, env: shellEnv, encoding: 'utf8' }).trim();

  test.each<[string[], string[]]>([
    [['tra'], ['train', 'transform']],
    [['run', 'te'], ['test']],
    [
      ['add', ''],
      ['forest', 'meadow'],
    ],
    [
      ['switch', 'm'],
      ['main', 'meadow'],
    ],
    [['remove', ''], []],
    [
      ['branch', 'show', '--from', '../template', ''],
      ['main', 'forest', 'meadow'],
    ],
    [
      ['help', 'conf'],
      ['conflicts', 'configure'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['sync', '--ab'], ['--abort']],
  ])('after %j gives %j', async (typed, expected) => {
    const { stdout } = await place.mlsys(['__complete', '--', ...typed], { cwd: project });
    expect(words(stdout.replaceAll(/\t.*/g, ''))).toEqual(expected);
  });

  test('outside a project, or in a damaged one, gives what there is without an error', async () => {
    writeTree(place.folder('damaged'), { '.mlsys/lock.json': '{' });
    for (const cwd of [place.root, join(place.root, 'damaged')]) {
      const answer = await place.mlsys(['__complete', '--', 'add', ''], { cwd });
      expect(answer).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      expect((await place.mlsys(['__complete', '--', 'sw'], { cwd })).stdout).toMatch(/^switch\t/);
    }
  });

  test('refuses other shells', async () => {
    const { exitCode, stderr } = await place.mlsys(['completion', 'tcsh']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('bash, zsh, fish');
  });

  test.each([
    [['mlsys', 'sw'], ['switch']],
    [
      ['mlsys', 'switch', 'm'],
      ['main', 'meadow'],
    ],
    [
      ['mlsys', 'tr'],
      ['train', 'transform'],
    ],
    [['mlsys', 'new', 'not'], []],
  ])('in bash completes %j to %j', (typed, expected) => {
    const script = `eval "$(mlsys completion bash)"; complete -p mlsys >/dev/null
      COMP_WORDS=(${typed.join(' ')}); COMP_CWORD=${typed.length - 1}; _mlsys mlsys; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(words(shell('bash', ['--norc', '-euc', script]))).toEqual(expected);
  });

  test.skipIf(!has('fish')).each([
    ['mlsys sw', ['switch']],
    ['mlsys switch m', ['main', 'meadow']],
    ['mlsys tr', ['train', 'transform']],
    ['mlsys new not', ['notes.txt']],
  ])('in fish completes “%s” to %j', (typed, expected) => {
    const found = shell('fish', ['--no-config', '-c', `mlsys completion fish | source; complete -C '${typed}'`]);
    expect(lines(found).map((line) => line.split('\t')[0])).toEqual(expected);
  });

  test.skipIf(!has('zsh')).each([
    [['mlsys', 'sw'], 'switch:give the project other branches'],
    [['mlsys', 'switch', 'm'], 'main meadow'],
    [['mlsys', 'new', 'not'], 'files'],
  ])('in zsh completes %j to %s', (typed, expected) => {
    const script = `compdef() { : }; _files() { print files }; _describe() { print -r -- "\${(@P)3}" }
      eval "$(mlsys completion zsh)"; words=(${typed.join(' ')}); CURRENT=${typed.length}; _mlsys`;
    expect(shell('zsh', ['-fc', script])).toBe(expected);
  });
});
