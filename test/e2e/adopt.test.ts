import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { base, baseManifest, branch, type Changes, type Life, snapshot, startLife } from '../helpers/lifecycle.js';

const pkg = 'src/{{package_name}}';
const lines = (changes: Readonly<Record<number, string>> = {}): string =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${changes[n] ?? `line ${n}`}\n`).join('');
const questions = `questions:
  description: {default: A project, help: One line}
  size: {type: choice, choices: [small, large], default: small, help: How large}
`;
const template: Changes = {
  ...baseManifest(questions),
  ...base({
    'README.md.hbs': '# {{project_name}}\n\n{{md description}}\n',
    'pyproject.toml.hbs': '[project]\nname = {{toml project_name}}\ndescription = {{toml description}}\n',
    'size.txt.hbs': 'size {{size}}\n',
    'doc.txt': lines(),
    [`${pkg}/__init__.py`]: 'x = 1\n',
    [`${pkg}/core.py`]: lines(),
    'tests/test_core.py.hbs': 'import {{package_name}}\n',
  }),
  ...branch('forest', { [`${pkg}/forest/__init__.py`]: 'trees = 3\n', 'conf/forest.yaml': 'depth: 3\n' }),
  ...branch('meadow', { 'conf/meadow.yaml': 'flowers: 3\n', 'meadow.txt': 'flowers\n' }),
};

/** The same files in a repository that never knew a lock. */
function strip(life: Life): void {
  for (const folder of ['.mlsys', '.git']) rmSync(join(life.project, folder), { recursive: true, force: true });
  life.git('init', '--quiet');
  life.git('add', '--all');
  life.git('commit', '--quiet', '--message', 'Everything');
}

interface Report {
  readonly template: {
    readonly source: string;
    readonly version: string;
    readonly commit?: string;
    readonly ref?: string;
  };
  readonly branches: readonly string[];
  readonly answers: Readonly<Record<string, unknown>>;
  readonly identical: number;
  readonly edited: number;
  readonly missing: number;
  readonly restored?: string;
}

async function adopt(life: Life, ...args: string[]): Promise<Report> {
  const { code, out, err } = await life.mlsys('adopt', '--json', ...args);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out) as Report;
}

const from = ['--from', '../template'] as const;
const without = (lock: string): unknown => ({ ...(JSON.parse(lock) as object) });

describe('a project without a lock', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['of the base', [], []],
    ['of one branch', ['--branch', 'forest'], ['forest']],
    ['of two branches', ['--branch', 'forest', '--branch', 'meadow'], ['forest', 'meadow']],
  ])('%s that nobody edited gets the very lock that it had', async (_, args, branches) => {
    const life = await startLife(template, {
      args: [...args, '--set', 'description=Loans of a bank', '--set', 'size=large'],
    });
    const before = without(life.read('.mlsys/lock.json'));
    strip(life);
    const report = await adopt(life, ...from);
    expect(report).toMatchObject({ branches, edited: 0, missing: 0, template: { version: 'v1.0.0' } });
    expect(without(life.read('.mlsys/lock.json'))).toEqual(before);
    expect(life.git('status', '--porcelain')).toBe('');
    expect(await life.mlsys('sync', '--check')).toMatchObject({ code: 0 });
  });

  it('has its edits found, and later updates merge with them', async () => {
    const life = await startLife(template, { args: ['--branch', 'forest'] });
    life.edit({ 'doc.txt': lines({ 2: 'mine' }), 'own.txt': 'own\n', 'conf/forest.yaml': undefined });
    strip(life);
    life.release('v2.0.0', {
      ...base({ 'doc.txt': lines({ 8: 'theirs' }), 'more.txt': 'more\n', 'size.txt.hbs': 'the size {{size}}\n' }),
    });
    expect(await adopt(life, ...from)).toMatchObject({
      template: { version: 'v1.0.0' },
      branches: ['forest'],
      edited: 1,
      missing: 1,
    });
    const { out } = await life.mlsys('status', '--json');
    const { files } = JSON.parse(out) as { files: { path: string; state: string }[] };
    expect(files.filter(({ state }) => state !== 'as template').map(({ path, state }) => `${state} ${path}`)).toEqual([
      'deleted conf/forest.yaml',
      'edited doc.txt',
      'added own.txt',
    ]);
    life.git('reflog', 'expire', '--expire=now', '--all');
    life.git('gc', '--quiet', '--prune=now');
    expect(await life.mlsys('sync', '--to', 'v2.0.0')).toMatchObject({ code: 0 });
    expect(life.read('doc.txt')).toBe(lines({ 2: 'mine', 8: 'theirs' }));
    expect(life.read('more.txt')).toBe('more\n');
    expect(life.exists('conf/forest.yaml')).toBe(false);
  });

  it.each<[string, string]>([
    ['v1.0.0', lines()],
    ['v1.1.0', lines({ 1: 'one' })],
    ['v2.0.0', lines({ 1: 'one', 9: 'nine' })],
  ])('is put on version %s if that is the nearest', async (version, doc) => {
    const life = await startLife(template);
    life.edit({ 'doc.txt': doc, 'size.txt': 'mine\n' });
    strip(life);
    life.release('v1.1.0', base({ 'doc.txt': lines({ 1: 'one' }) }));
    life.release('v2.0.0', base({ 'doc.txt': lines({ 1: 'one', 9: 'nine' }) }));
    expect((await adopt(life, ...from, '--dry-run')).template.version).toBe(version);
  });

  it('keeps what is said of it', async () => {
    const life = await startLife(template, { args: ['--branch', 'forest'] });
    strip(life);
    const said = [
      '--name',
      'other',
      '--set',
      'package_name=my_project',
      '--set',
      'size=large',
      '--branch',
      'meadow',
      '--branch',
      'forest',
    ];
    expect(await adopt(life, ...from, '--dry-run', ...said)).toMatchObject({
      answers: { project_name: 'other', package_name: 'my_project', size: 'large' },
      branches: ['forest', 'meadow'],
      missing: 2,
    });
  });

  it('may be adopted from a folder in it', async () => {
    const life = await startLife(template);
    strip(life);
    expect(await adopt(life.in(join(life.project, 'src')), '--from', '../../template')).toMatchObject({ missing: 0 });
    expect(life.exists('.mlsys/lock.json')).toBe(true);
  });

  it('may lie in a folder of a larger repository', async () => {
    const life = await startLife(template);
    for (const folder of ['.mlsys', '.git']) rmSync(join(life.project, folder), { recursive: true, force: true });
    const whole = life.in(life.root);
    whole.write({ '.gitignore': '/home\n/template\n', 'other.txt': 'other\n' });
    whole.git('init', '--quiet');
    whole.git('add', '--all');
    whole.git('commit', '--quiet', '--message', 'Everything');
    expect(await adopt(life, ...from)).toMatchObject({ edited: 0, missing: 0 });
    expect(whole.git('show', '--stat=200', '--format=', '--first-parent').split('\n')).toHaveLength(3);
    life.release('v2.0.0', base({ 'doc.txt': lines({ 8: 'theirs' }) }));
    expect(await life.mlsys('sync', '--to', 'v2.0.0')).toMatchObject({ code: 0 });
    expect(life.read('doc.txt')).toBe(lines({ 8: 'theirs' }));
  });
});

describe('a lock that was lost', () => {
  it.each<[string, Changes]>([
    ['deleted', { '.mlsys/lock.json': undefined }],
    ['deleted with its folder', { '.mlsys': undefined }],
    ['damaged', { '.mlsys/lock.json': '{"schema": 1' }],
  ])('and is %s comes back from the history', async (_, loss) => {
    const life = await startLife(template, { args: ['--set', 'description=Loans', '--branch', 'meadow'] });
    const [lock, commit] = [life.read('.mlsys/lock.json'), life.git('rev-parse', 'HEAD')];
    life.edit({ ...loss, 'doc.txt': lines({ 3: 'mine' }) });
    expect(await adopt(life)).toMatchObject({ restored: commit, edited: 1 });
    expect(life.read('.mlsys/lock.json')).toBe(lock);
    expect(life.exists('.mlsys/manifest.json')).toBe(true);
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('is looked for again where something else is said', async () => {
    const life = await startLife(template, { args: ['--set', 'description=Loans', '--branch', 'meadow'] });
    life.edit({ '.mlsys': undefined });
    expect(await adopt(life, '--branch', 'forest', '--dry-run')).toMatchObject({
      answers: { description: 'Loans' },
      branches: ['forest'],
      missing: 2,
    });
  });
});

describe('nothing is adopted', () => {
  it('where a lock is there', async () => {
    const life = await startLife(template);
    expect((await life.mlsys('adopt')).err).toContain('has a lock already');
  });

  it('where the lock was only deleted in the folder', async () => {
    const life = await startLife(template);
    life.write({ '.mlsys': undefined });
    const { code, err } = await life.mlsys('adopt', ...from);
    expect(code).toBe(1);
    expect(err).toContain('git checkout HEAD -- .mlsys/lock.json');
  });

  it('where the lock was only damaged in the folder', async () => {
    const life = await startLife(template);
    life.write({ '.mlsys/lock.json': '{"schema": 1' });
    const before = snapshot(life.project);
    const { code, err } = await life.mlsys('adopt');
    expect(code).toBe(1);
    expect(err).toMatch(/damaged, and that is not committed[^]*git checkout HEAD -- \.mlsys\/lock\.json/);
    expect(snapshot(life.project)).toEqual(before);
  });

  it.each([
    ['committed', true],
    ['not committed', false],
  ])('in place of a lock that only a newer mlsys can read, %s', async (_, isCommitted) => {
    const life = await startLife(template);
    const newer = { '.mlsys/lock.json': life.read('.mlsys/lock.json').replace('"schema": 1', '"schema": 999') };
    if (isCommitted) life.edit(newer);
    else life.write(newer);
    const { code, err } = await life.mlsys('adopt', ...from);
    expect(code).toBe(1);
    expect(err).toMatch(/written by a newer mlsys[^]*update mlsys/);
    expect(life.read('.mlsys/lock.json')).toBe(newer['.mlsys/lock.json']);
  });

  it('where there is no commit yet', async () => {
    const life = await startLife(template);
    const other = life.in(join(life.root, 'other'));
    mkdirSync(other.project);
    other.git('init', '--quiet');
    const { code, err } = await other.mlsys('adopt', ...from);
    expect(code).toBe(1);
    expect(err).toMatch(/has no commit yet[^]*git commit/);
  });

  it('under the name of a folder that can be none, with a word on how to say another', async () => {
    const life = await startLife(template);
    const other = life.in(join(life.root, 'My stuff'));
    mkdirSync(other.project);
    other.git('init', '--quiet');
    other.edit({ 'a.txt': 'a\n' });
    expect((await other.mlsys('adopt', ...from)).err).toMatch(/"My stuff" can't be the name[^]*with --name/);
  });

  it('where a file that is not committed is in the way', async () => {
    const life = await startLife(template);
    strip(life);
    life.write({ '.mlsys/manifest.json': 'mine\n' });
    const before = snapshot(life.project);
    const { code, err } = await life.mlsys('adopt', ...from);
    expect(code).toBe(1);
    expect(err).toContain('.mlsys/manifest.json is in the way');
    expect(snapshot(life.project)).toEqual(before);
  });

  it('where the folder is no project of the template, unless that is forced', async () => {
    const life = await startLife(template);
    const other = life.in(join(life.root, 'other'));
    mkdirSync(other.project);
    other.git('init', '--quiet');
    other.edit({ 'main.go': 'package main\n', 'README.md': 'Something else\n' });
    const { code, err } = await other.mlsys('adopt', ...from);
    expect(code).toBe(1);
    expect(err).toMatch(/too little of the template[^]*nearest: \.\.\/template v1\.0\.0, main/);
    expect(other.exists('.mlsys')).toBe(false);
    expect(await adopt(other, ...from, '--force')).toMatchObject({ answers: { project_name: 'other' } });
    expect(other.exists('.mlsys/lock.json')).toBe(true);
  });

  it.each<[string, readonly string[], string]>([
    ['of a branch that is not there', ['--branch', 'nothing'], 'there is no branch "nothing"'],
    ['of an answer that nobody asks', ['--set', 'nothing=1'], 'no question is named "nothing"'],
    ['of a name that can be none', ['--name', 'a b'], "can't be the name of a project"],
  ])('because %s', async (_, args, said) => {
    const life = await startLife(template);
    strip(life);
    expect((await life.mlsys('adopt', ...from, ...args)).err).toContain(said);
  });

  it('by a dry run', async () => {
    const life = await startLife(template);
    strip(life);
    const before = snapshot(life.project);
    expect((await life.mlsys('adopt', ...from, '--dry-run')).err).toContain('nothing was written');
    expect(snapshot(life.project)).toEqual(before);
  });
});
