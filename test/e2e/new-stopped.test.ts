import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesBelow, workplace } from '../helpers/cli.js';
import { sampleTemplate, writeTree } from '../helpers/template.js';
import { git } from '../helpers/tiny-project.js';

const place = workplace();
let template = '';
/** Enough files that a run can be stopped in the middle of its writing. */
const manyFiles = 1500;

beforeAll(() => {
  template = place.folder('template');
  writeTree(template, sampleTemplate);
  const text = 'x'.repeat(700);
  for (let i = 0; i < manyFiles; i++) {
    const folder = join(template, 'templates/base/files/many', String(i % 50));
    if (i < 50) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${i}.txt`), `${i} ${text}`);
  }
});

const args = (path: string, ...more: string[]): string[] => [
  'new',
  path,
  '--yes',
  '--no-setup',
  '--from',
  template,
  ...more,
];
const entries = (folder: string): string[] => readdirSync(folder).sort();

async function untilThere(path: () => string | undefined): Promise<void> {
  for (let tries = 0; tries < 5000 && path() === undefined; tries++) await sleep(1);
}

async function expectWhole(parent: string, path: string): Promise<void> {
  const root = join(parent, path);
  const { exitCode, stderr } = await place.mlsys(args(path), { cwd: parent });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(git(root, 'status', '--porcelain')).toBe('');
  expect(filesBelow(join(root, 'many'))).toHaveLength(manyFiles);
}

/** How a run is stopped, and after how many milliseconds from its first trace on the disk. */
const stops: [NodeJS.Signals, number[]][] = [
  ['SIGINT', [0, 40, 100]],
  ['SIGTERM', [60]],
  ['SIGKILL', [0, 40, 100]],
];

describe.skipIf(process.platform === 'win32').each(stops)('a run that %s stops', (signal, moments) => {
  it.each(moments)('%i ms after it began to write leaves no half project, and works when run again', async (moment) => {
    const parent = place.folder();
    const run = place.start(args('x'), { cwd: parent });
    await untilThere(() => entries(parent)[0]);
    await sleep(moment);
    run.kill(signal);
    const { signal: endedBy } = await run;
    if (endedBy !== undefined) expect(endedBy).toBe(signal);
    if (existsSync(join(parent, 'x'))) {
      // It was done before the signal came.
      expect(git(join(parent, 'x'), 'status', '--porcelain')).toBe('');
      return;
    }
    if (signal !== 'SIGKILL') expect(entries(parent)).toEqual([]);
    await expectWhole(parent, 'x');
    expect(entries(parent)).toEqual(['x']);
  });

  it('in an empty folder that was there leaves it so that the run works again', async () => {
    const root = join(place.folder(), 'x');
    mkdirSync(root);
    const run = place.start(args('.'), { cwd: root });
    await untilThere(() => entries(root)[0]);
    await sleep(60);
    run.kill(signal);
    await run;
    if (existsSync(join(root, 'pyproject.toml'))) return;
    if (signal !== 'SIGKILL') expect(entries(root)).toEqual([]);
    await expectWhole(root, '.');
    expect(existsSync(join(root, '.mlsys-new'))).toBe(false);
  });
});

/** File systems of one's own need rights that few tests have. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!canMount())('a disk', () => {
  const mounted: string[] = [];
  const mount = (options: string): string => {
    const folder = place.folder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
    mounted.push(folder);
    return folder;
  };
  afterAll(() => {
    for (const folder of mounted) execFileSync('umount', [folder]);
  });

  it.each([
    ['x', []],
    ['x', ['--no-git']],
    ['a/b/x', []],
    ['.', []],
    ['.', ['--no-git']],
  ])('that is full is named, and nothing is left of %s %j', async (path, more) => {
    const disk = mount('size=1m');
    const cwd = path === '.' ? join(disk, 'x') : disk;
    mkdirSync(cwd, { recursive: true });
    const { exitCode, stderr } = await place.mlsys(args(path, ...more), { cwd });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/no space left|No space left/) });
    expect(stderr).toMatch(/hint: make room/);
    expect(entries(cwd)).toEqual([]);
  });

  it('that takes no writes is named, and nothing is left', async () => {
    const disk = mount('size=1m,ro');
    const { exitCode, stdout, stderr } = await place.mlsys(args('a/x'), { cwd: disk });
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/read-only/),
    });
    expect(entries(disk)).toEqual([]);
  });
});

describe('the configuration of a person', () => {
  const hostile = (root: string): string => `[user]
  useConfigOnly = true
[commit]
  gpgSign = true
  template = /nowhere
[tag]
  gpgSign = true
[gpg]
  program = false
[core]
  hooksPath = ${join(root, 'hooks')}
  autocrlf = true
  safecrlf = true
  fsmonitor = false-monitor
  editor = false
  pager = false
  fileMode = false
  excludesFile = ${join(root, 'everything')}
[init]
  templateDir = ${join(root, 'git-template')}
  defaultBranch = trunk
[diff]
  external = false
  noprefix = true
[url "https://127.0.0.1:9/"]
  insteadOf = file://
`;
  const hooks = [
    'pre-commit',
    'commit-msg',
    'post-commit',
    'post-checkout',
    'reference-transaction',
    'post-index-change',
  ];

  it('and what steers git from outside change nothing', async () => {
    const home = place.folder();
    const failing = '#!/bin/sh\necho hook >> "$HOME/hooks-ran"\nexit 1\n';
    writeTree(home, {
      '.gitconfig': hostile(home),
      everything: '*\n',
      ...Object.fromEntries(
        hooks.flatMap((hook) =>
          ['hooks', 'git-template/hooks'].map((folder) => [
            `${folder}/${hook}`,
            { text: failing, mode: '100755' as const },
          ]),
        ),
      ),
    });
    const parent = place.folder();
    const env = {
      ...{ HOME: home, USERPROFILE: home, EDITOR: 'false', VISUAL: 'false', GIT_EDITOR: 'false', GIT_PAGER: 'false' },
      ...{
        GIT_DIR: '/nowhere',
        GIT_WORK_TREE: '/nowhere',
        GIT_INDEX_FILE: '/nowhere',
        GIT_OBJECT_DIRECTORY: '/nowhere',
      },
      ...{
        GIT_DEFAULT_HASH: 'sha256',
        GIT_CONFIG_PARAMETERS: "'core.bare=true'",
        GIT_TEMPLATE_DIR: join(home, 'git-template'),
      },
    };
    const { exitCode, stderr } = await place.mlsys(args('x'), { cwd: parent, env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(home, 'hooks-ran'))).toBe(false);
    const root = join(parent, 'x');
    expect(readdirSync(join(root, '.git')).includes('hooks')).toBe(false);
    expect(git(root, 'log', '--format=%an <%ae> %s', '--all')).toBe(
      'mlsys <mlsys@localhost> Create the project from main',
    );
    expect(git(root, 'symbolic-ref', '--short', 'HEAD')).toBe('main');
    const { files } = JSON.parse(readFileSync(join(root, '.mlsys/lock.json'), 'utf8')) as { files: object };
    expect(git(root, 'ls-tree', '-r', '--name-only', 'HEAD').split('\n')).toHaveLength(Object.keys(files).length + 1);
    // As the person's own git sees it, line ends and all.
    const own = { ...place.env(), HOME: home };
    const status = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', 'status', '--porcelain'];
    expect(execFileSync('git', status, { cwd: root, env: own, encoding: 'utf8' })).toBe('');
  });

  it('names who commits', async () => {
    const home = place.folder();
    writeTree(home, { '.gitconfig': '[user]\n  name = Ada Lovelace\n  email = ada@example.com\n' });
    const parent = place.folder();
    const { exitCode } = await place.mlsys(args('x'), { cwd: parent, env: { HOME: home, USERPROFILE: home } });
    expect(exitCode).toBe(0);
    expect(git(join(parent, 'x'), 'log', '--format=%an <%ae> %cn')).toBe('Ada Lovelace <ada@example.com> Ada Lovelace');
  });

  it('need not be there', async () => {
    const parent = place.folder();
    const { exitCode, stderr } = await place.mlsys(args('x'), { cwd: parent, env: { PATH: '/nowhere' } });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/git is not installed.*\n\nhint: install git/),
    });
    expect(entries(parent)).toEqual([]);
  });
});
