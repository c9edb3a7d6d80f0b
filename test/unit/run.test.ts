import { describe, expect, test } from 'vitest';
import { missingExtras } from '../../src/adapters/environment.js';
import { rememberTrust, requireTrust } from '../../src/adapters/trust.js';
import { runCommand, runTask } from '../../src/commands/run.js';
import { requirementsOfExtra } from '../../src/core/extras.js';
import { planTask, shownTasks } from '../../src/core/task-plan.js';
import { MlsysError } from '../../src/errors.js';
import type { TemplateRef } from '../../src/schema/lock.js';
import { temporaryFolder, testContext } from '../helpers/context.js';
import { wholeTask, writeFiles, writeTinyProject } from '../helpers/tiny-project.js';

const needs = (gpu: boolean, extras: string[]) => ({ gpu, services: [], extras });
const tasks = [
  wholeTask({ name: 'format', command: ['ruff check --select I', 'ruff format'] }),
  wholeTask({ name: 'lint', command: ['ruff check'], needs: needs(false, ['lint']) }),
  wholeTask({ name: 'say', command: [`python -c "print('a b')" 'c d'`] }),
  wholeTask({ name: 'train', command: ['tiny train'], needs: needs(true, ['gpu', 'lint']) }),
  wholeTask({ name: 'all', steps: ['lint', 'train'] }),
  wholeTask({ name: 'alone', steps: ['lint'] }),
  wholeTask({ name: 'loop', steps: ['around'] }),
  wholeTask({ name: 'around', steps: ['loop'] }),
  wholeTask({ name: 'demo', ambiguous: ['demo-a', 'demo-b'] }),
  wholeTask({ name: 'blank', command: ['  '] }),
];

describe('what a task runs', () => {
  test.each([
    [
      'each line in turn',
      'format',
      [],
      [
        ['ruff', 'check', '--select', 'I'],
        ['ruff', 'format'],
      ],
    ],
    ['quotes as a shell reads them', 'say', [], [['python', '-c', "print('a b')", 'c d']]],
    [
      'arguments behind the last line',
      'format',
      ['x y', '--q'],
      [
        ['ruff', 'check', '--select', 'I'],
        ['ruff', 'format', 'x y', '--q'],
      ],
    ],
    [
      'the lines of its steps',
      'all',
      [],
      [
        ['ruff', 'check'],
        ['tiny', 'train'],
      ],
    ],
    ['arguments through a single step', 'alone', ['src'], [['ruff', 'check', 'src']]],
  ])('%s', (_, name, args, expected) => {
    expect(planTask(tasks, name, args).lines.map(({ argv }) => argv)).toEqual(expected);
  });

  test('hands extras in front of a command to uv, and not to the command', () => {
    const docs = wholeTask({ name: 'docs', command: ['--extra docs --extra gpu python build.py --extra x'] });
    expect(planTask([docs], 'docs', ['-q']).lines).toEqual([
      {
        task: 'docs',
        options: ['--extra', 'docs', '--extra', 'gpu'],
        argv: ['python', 'build.py', '--extra', 'x', '-q'],
      },
    ]);
  });

  test('needs what its steps need, each once', () => {
    expect(planTask(tasks, 'all', [])).toMatchObject({ needsGpu: true, extras: ['lint', 'gpu'] });
  });

  test.each([
    ['an unknown name suggests the nearest', 'lnt', [], /no task "lnt"/, /did you mean lint\?/],
    ['a name that could be anything lists them', 'zzzzzzzzzzzzzzz', [], /no task/, /its tasks are: format, lint/],
    ['an ambiguous name lists what it could be', 'demo', [], /demo could be demo-a or demo-b/, /full name/],
    [
      'arguments for several steps are refused',
      'all',
      ['--x'],
      /all takes no arguments: it runs lint, train/,
      /mlsys run lint -- --x/,
    ],
    ['a task that is a step of itself is refused', 'loop', [], /loop is a step of itself: loop → around → loop/, /^$/],
    ['an empty command is refused', 'blank', [], /blank has an empty command/, /^$/],
    ['a name out of Object is no task', '__proto__', [], /no task "__proto__"/, /its tasks are/],
  ])('%s', (_, name, args, message, hint) => {
    const error = thrownBy(() => planTask(tasks, name, args));
    expect(error.message).toMatch(message);
    expect(error.hint ?? '').toMatch(hint);
    expect(error.code).toBe('task');
  });
});

test('full names are listed only where the plain name means something else', () => {
  const all = [
    wholeTask({ name: 'test' }),
    wholeTask({ name: 'test-main' }),
    wholeTask({ name: 'train', layer: 'llm' }),
    wholeTask({ name: 'train-llm', layer: 'llm' }),
    wholeTask({ name: 'train-main' }),
    wholeTask({ name: 'demo', steps: ['demo-llm', 'demo-chalk'] }),
    wholeTask({ name: 'demo-llm', layer: 'llm' }),
    wholeTask({ name: 'demo-chalk', layer: 'chalk' }),
  ];
  expect(shownTasks(all).map(({ name }) => name)).toEqual([
    'test',
    'train',
    'train-main',
    'demo',
    'demo-llm',
    'demo-chalk',
  ]);
});

describe('mlsys run without a name', () => {
  const manifest = {
    layers: [
      { name: 'main', title: 'Base' },
      { name: 'llm', title: 'LLM fine-tuning' },
    ],
  };
  const listed = [
    { name: 'lint', help: 'Look for faults' },
    { name: 'lint-main', help: 'Look for faults' },
    { name: 'demo', layer: 'llm', help: 'See it work' },
  ];

  test('lists the tasks with their help, those of branches first', async () => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd, { tasks: listed, manifest });
    expect(await runCommand(ctx, undefined, [])).toBe(0);
    expect(ctx.out.join('\n')).toMatch(
      /LLM fine-tuning\n {2}demo {2}See it work\n\nBase\n {2}lint {2}Look for faults\n/,
    );
    expect(ctx.out.join('\n')).not.toContain('lint-main');
  });

  test('gives data with --json, and every name with --all', async () => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd, { tasks: listed, manifest });
    expect(await runCommand(ctx, undefined, [], { json: true, all: true })).toBe(0);
    const names = (JSON.parse(ctx.out.join('\n')) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(['lint', 'lint-main', 'demo']);
  });

  test('says that there is no project', async () => {
    await expect(runCommand(testContext(), undefined, [])).rejects.toMatchObject({ code: 'project' });
  });
});

describe('extras', () => {
  const extras = {
    gpu: ['bitsandbytes>=0.49', 'Flash.Attn[x]==2'],
    linux: ['triton; sys_platform == "linux"'],
    all: ['my-project[gpu,linux]', 'rich'],
    ring: ['my_project[ring]', 'attrs'],
  };

  test.each([
    ['gpu', ['bitsandbytes', 'flash-attn']],
    ['linux', []],
    ['all', ['bitsandbytes', 'flash-attn', 'rich']],
    ['ring', ['attrs']],
    ['toString', []],
  ])('%s brings %j', (extra, expected) => {
    expect(requirementsOfExtra('my-project', extras, extra)).toEqual(expected);
  });

  test('are missing where the environment lacks one of their packages', () => {
    const root = temporaryFolder();
    const table = '[project.optional-dependencies]\na = ["Foo.Bar>=1"]\nb = ["foo-bar", "baz"]\n';
    writeFiles(root, {
      'pyproject.toml': `[project]\nname = "tiny"\n${table}`,
      '.venv/lib/python3.11/site-packages/foo_bar-1.0.dist-info/METADATA': '',
    });
    expect(missingExtras(root, `${root}/.venv`, ['a', 'b'])).toEqual(['b']);
  });

  test('that a task needs are named before anything runs', async () => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd, {
      tasks: [{ name: 'train', command: ['false'], needs: needs(false, ['gpu']) }],
      pyproject: '[project]\nname = "tiny"\n[project.optional-dependencies]\ngpu = ["bitsandbytes"]\n',
      files: { '.venv/pyvenv.cfg': '' },
    });
    await expect(runTask(ctx, ctx.cwd, 'train', [])).rejects.toMatchObject({
      message: 'train needs the extra gpu, which the environment lacks',
      hint: 'uv sync --inexact --extra gpu',
    });
  });
});

describe('trust', () => {
  const commit = 'a'.repeat(40);
  const url: TemplateRef = { source: 'https://example.com/t.git', version: 'v1', commit };

  test('a task of a template that is not the built-in one is refused until it is trusted', async () => {
    const ctx = testContext();
    writeTinyProject(ctx.cwd, { tasks: [{ name: 'x', command: ['false'] }], template: url });
    const refused = runTask(ctx, ctx.cwd, 'x', []);
    await expect(refused).rejects.toMatchObject({ code: 'trust', hint: expect.stringContaining('--trust') as string });
  });

  test('the built-in template needs none', () => {
    expect(() => requireTrust(testContext(), { source: 'builtin', version: '1' }, '/')).not.toThrow();
  });

  test('holds for one source at one commit', () => {
    const ctx = testContext();
    rememberTrust(ctx, url, 'https://name:password@example.com/t.git');
    expect(() => requireTrust(ctx, url, '/')).not.toThrow();
    expect(() => requireTrust(ctx, { ...url, commit: 'b'.repeat(40) }, '/')).toThrow(/not trusted/);
    expect(() => requireTrust(ctx, { ...url, source: 'https://example.com/other.git' }, '/')).toThrow(/not trusted/);
  });

  test('of a folder is the same from every project', () => {
    const ctx = testContext();
    const folder = temporaryFolder();
    writeFiles(folder, { 'templates/x': '', 'deep/project/x': '', 'project/x': '' });
    const ref = (source: string): TemplateRef => ({ source, version: 'working tree' });
    rememberTrust(ctx, ref('../templates'), `${folder}/templates`);
    expect(() => requireTrust(ctx, ref('../templates'), `${folder}/project`)).not.toThrow();
    expect(() => requireTrust(ctx, ref('../../templates'), `${folder}/deep/project`)).not.toThrow();
    expect(() => requireTrust(ctx, ref('../templates'), `${folder}/deep/project`)).toThrow(/not trusted/);
  });

  test('that can’t be read is none, and can be given again', () => {
    const ctx = testContext();
    writeFiles(ctx.configDir, { 'trust.json': '{' });
    expect(() => requireTrust(ctx, url, '/')).toThrow(/not trusted/);
    rememberTrust(ctx, url, url.source);
    expect(() => requireTrust(ctx, url, '/')).not.toThrow();
  });
});

function thrownBy(call: () => unknown): MlsysError {
  try {
    call();
  } catch (error) {
    if (error instanceof MlsysError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
