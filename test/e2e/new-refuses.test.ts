import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesBelow, workplace } from '../helpers/cli.js';
import { type GivenFiles, link, sampleTemplate, writeTree } from '../helpers/template.js';

const place = workplace();
let template = '';
beforeAll(() => {
  template = place.folder('template');
  writeTree(template, sampleTemplate);
});

/** Runs `new` in an empty folder, and expects a message, the exit code 1 and nothing left behind. */
async function refused(args: readonly string[], reason: RegExp, cwd = place.folder()): Promise<void> {
  const before = filesBelow(cwd);
  const { exitCode, stdout, stderr } = await place.mlsys(['new', ...args, '--yes', '--no-setup'], { cwd });
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 1, stdout: '', stderr: expect.stringMatching(reason) });
  expect(stderr).toMatch(/^error: [^\n]+(\n {2}[^\n]+)*(\n\nhint: [^\n]+)?$/);
  expect(filesBelow(cwd)).toEqual(before);
  expect(readdirSync(cwd).filter((name) => name.startsWith('.'))).toEqual([]);
}

describe('a name is refused', () => {
  it.each([
    ['', /empty/],
    ['CON', /Windows reserves/],
    ['class', /keyword of Python/],
    ['json', /standard library/],
    ['x'.repeat(10_000), /10000 characters/],
    ['🚀', /only letters/],
    ['{{7*7}}', /only letters/],
    ['__proto__', /only letters/],
    ['a\nb', /only letters/],
    ['below/-x', /only letters/],
  ])('where it is %j', async (name, reason) => {
    await refused([name, '--from', template], reason);
  });

  it('where it is .. and that folder holds something', async () => {
    await refused(['..', '--from', template], /is not empty|can't be the name/, place.folder('parent/child'));
  });

  it('where it is that of a package the project needs', async () => {
    await refused(['pydantic'], /depends on the package pydantic/);
  });
});

describe('an answer is refused', () => {
  it.each([
    ['description=a\nb', /more than one line/],
    ['description={{7*7}}', /"\{\{"/],
    [`description=${'x'.repeat(3000)}`, /3000 characters/],
    ['api=perhaps', /api must be true or false, not "perhaps"/],
    ['descripton=x', /no question is named "descripton"\n\nhint: did you mean description\?/],
    ['__proto__=x', /no question is named "__proto__"/],
    ['nonsense', /not of the form name=value/],
    ['package_name=My Package', /Python package starts with a letter/],
  ])('where it is %j', async (answer, reason) => {
    await refused(['x', '--from', template, '--set', answer], reason);
  });

  it('where a choice is none, and the near one is named', async () => {
    await refused(
      ['x', '-b', 'llm-finetuning', '--set', 'accelerator=cdua'],
      /one of auto, cpu, cuda, mps.*\n\nhint: did you mean cuda\?/,
    );
  });
});

describe('a branch or task is refused', () => {
  it.each([
    [['-b', 'forst'], /no branch "forst"\n\nhint: did you mean forest\?/],
    [['-b', 'zzz'], /hint: the branches are: main, forest, forest-system, meadow/],
    [['-b', '../forest'], /no branch/],
    [['--run', 'dmeo'], /no task "dmeo"/],
  ])('where it is %j', async (args, reason) => {
    await refused(['x', '--from', template, ...args], reason);
  });
});

describe('a place is refused', () => {
  it('where it holds files, which stay as they are', async () => {
    const cwd = place.folder();
    writeTree(cwd, { 'full/mine.txt': 'mine' });
    await refused(['full', '--from', template], /is not empty: it holds mine.txt[^]*hint: .*`mlsys adopt`/, cwd);
  });

  it('where it is a file, or below one', async () => {
    const cwd = place.folder();
    writeFileSync(join(cwd, 'file'), '');
    await refused(['file', '--from', template], /is no folder/, cwd);
    await refused(['file/x', '--from', template], /file is a file/, cwd);
  });
});

describe('a template is refused', () => {
  it.each([
    ['nowhere', /the template nowhere is not there/],
    ['.', /neither templates\/base\/layer.yaml nor branches\/<name>\/branch.yaml/],
    ['-x', /argument missing|begins with "-"/],
    ['ext::sh -c "touch pwned"', /remote helpers run programs/],
    ['http://127.0.0.1:9/x', /the protocol http is not allowed/],
    ['ssh://-oProxyCommand=touch%20pwned/x', /host begins with "-"/],
    ['file:///nowhere/at/all', /can't be cloned/],
    ['https://127.0.0.1:9/x', /can't be cloned/],
    ['x#-v', /no name of a tag/],
  ])('where it is %s', async (source, reason) => {
    await refused(['x', `--from=${source}`], reason);
  });

  const broken: [string, GivenFiles, RegExp][] = [
    [
      'an unknown key',
      { 'templates/base/layer.yaml': 'name: main\ntitle: T\nsummary: S\ntaks: {}\n' },
      /layer.yaml:4: unknown key taks, did you mean tasks\?/,
    ],
    [
      'a path into git’s folder',
      { 'templates/base/files/.GiT~1/x': '', 'templates/base/files/GIT~1/hooks/x': '' },
      /reaches into git/,
    ],
    [
      'a link outward',
      { 'templates/base/files/out': link('../../../../etc/passwd') },
      /symbolic link that leaves the root/,
    ],
    ['an absolute link', { 'templates/base/files/out': link('/etc/passwd') }, /symbolic link that leaves the root/],
    ['names that collide', { 'templates/base/files/readme.md': '' }, /can't both exist where case is ignored/],
    ['a path that two layers have', { 'branches/forest/files/run.sh': '' }, /two files have the path run.sh/],
    [
      'a section outside',
      { 'templates/base/layer.yaml': 'name: main\ntitle: T\nsummary: S\ndocs: {readme: ../../../secret}\n' },
      /leaves the root/,
    ],
    ['an unknown name', { 'templates/base/files/a.hbs': 'x\n{{nmae}}\n' }, /a.hbs: line 2: no answer is named nmae/],
    [
      'a newer mlsys',
      { 'templates/base/layer.yaml': 'name: main\ntitle: T\nsummary: S\nrequires: {mlsys: ">=99"}\nfuture: 1\n' },
      /needs mlsys >=99/,
    ],
  ];
  it.each(broken)('where it has %s', async (_, change, reason) => {
    const cwd = place.folder();
    const files = { ...sampleTemplate, ...change };
    writeTree(join(cwd, 'template'), files);
    mkdirSync(join(cwd, 'here'));
    await refused(['x', '--from', '../template', '-b', 'forest'], reason, join(cwd, 'here'));
  });
});

describe.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('a place that can’t be written to', () => {
  it('is refused', async () => {
    const cwd = place.folder();
    chmodSync(cwd, 0o555);
    await refused(['x', '--from', template], /permission denied/, cwd);
  });
});
