import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  base,
  baseManifest,
  type Life,
  lines,
  runCommand,
  snapshot,
  startLife,
  workTree,
} from '../../helpers/lifecycle.js';
import { writeProgram } from '../../helpers/tiny-project.js';

const v1 = base({ '.gitignore': '*.log\n', 'a.txt': lines(), 'b.txt': lines({ 1: 'b' }), 'c.txt': lines({ 1: 'c' }) });
const v2 = base({
  'a.txt': lines({ 15: 'theirs' }),
  'b.txt': lines({ 1: 'b', 5: 'theirs' }),
  'new/d.txt': 'new\n',
});

async function lifeWithUpdate(): Promise<Life> {
  const life = await startLife(v1);
  life.release('v2.0.0', v2);
  return life;
}

async function lifeWithConflict(): Promise<Life> {
  const life = await lifeWithUpdate();
  life.edit({ 'b.txt': lines({ 1: 'b', 5: 'mine' }) });
  return life;
}

describe('work that is not committed', () => {
  it('stays as it is where the update does not touch it: edited, staged, untracked and ignored', async () => {
    const life = await lifeWithUpdate();
    life.write({ 'c.txt': lines({ 1: 'c', 7: 'staged' }), 'staged.txt': 'staged\n' });
    life.git('add', 'c.txt', 'staged.txt');
    life.write({ 'c.txt': lines({ 1: 'c', 7: 'staged', 9: 'edited' }), 'untracked.txt': 'x\n', 'run.log': 'x\n' });
    const status = life.git('status', '--porcelain', '--ignored');
    const staged = life.git('diff', '--cached');
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.git('status', '--porcelain', '--ignored')).toBe(status);
    expect(life.git('diff', '--cached')).toBe(staged);
    expect(life.read('c.txt')).toBe(lines({ 1: 'c', 7: 'staged', 9: 'edited' }));
    expect(life.git('show', '--stat', 'HEAD')).not.toContain('staged.txt');
  });

  it.each([
    ['an edited file', (life: Life) => life.write({ 'a.txt': 'mine\n' }), 'a.txt has changes that are not committed'],
    ['a deleted file', (life: Life) => life.write({ 'a.txt': undefined }), 'a.txt has changes that are not committed'],
    [
      'a staged file',
      (life: Life) => {
        life.write({ 'a.txt': 'mine\n' });
        life.git('add', 'a.txt');
      },
      'a.txt has changes that are not committed',
    ],
    [
      'several files',
      (life: Life) => life.write({ 'a.txt': 'mine\n', 'b.txt': 'mine\n' }),
      '2 files: each has changes that are not committed\n  a.txt\n  b.txt',
    ],
    ['an untracked file', (life: Life) => life.write({ 'new/d.txt': 'mine\n' }), 'new/d.txt is in the way'],
    [
      'an ignored file',
      (life: Life) => {
        life.write({ '.git/info/exclude': 'new\n' });
        life.write({ 'new/d.txt': 'mine\n' });
      },
      'new/d.txt is in the way',
    ],
    ['a file where a folder is needed', (life: Life) => life.write({ new: 'mine\n' }), 'new is in the way'],
  ])('is refused by name before anything is written: %s', async (_, work, message) => {
    const life = await startLife(v1);
    work(life);
    life.release('v2.0.0', v2);
    const before = workTree(life.project);
    const [head, status] = [life.git('rev-parse', 'HEAD'), life.git('status', '--porcelain')];
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(workTree(life.project)).toEqual(before);
    expect([life.git('rev-parse', 'HEAD'), life.git('status', '--porcelain')]).toEqual([head, status]);
    expect(existsSync(join(life.project, '.git/mlsys/journal.json'))).toBe(false);
  });

  it('is refused where it is staged and would become a part of a merge with conflicts', async () => {
    const life = await lifeWithConflict();
    life.write({ 'c.txt': 'mine\n' });
    life.git('add', 'c.txt');
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('c.txt is staged and would become a part of the merge');
    expect(life.git('status', '--porcelain')).toBe('M  c.txt');
  });

  it('is not seen in a file that was only touched', async () => {
    const life = await lifeWithUpdate();
    for (const path of ['a.txt', 'b.txt', 'c.txt']) utimesSync(join(life.project, path), 1, 1);
    expect((await life.mlsys('sync')).code).toBe(0);
  });
});

describe('a sync with conflicts', () => {
  it('is taken back to the last byte, with what was edited and untracked before', async () => {
    const life = await lifeWithConflict();
    life.write({ 'c.txt': lines({ 1: 'c', 7: 'not committed' }), 'untracked/x.txt': 'x\n', 'run.log': 'x\n' });
    const before = workTree(life.project);
    const [head, status] = [life.git('rev-parse', 'HEAD'), life.git('status', '--porcelain')];
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(life.read('new/d.txt')).toBe('new\n');
    expect(await life.mlsys('sync', '--abort')).toMatchObject({ code: 0 });
    expect(workTree(life.project)).toEqual(before);
    expect([life.git('rev-parse', 'HEAD'), life.git('status', '--porcelain')]).toEqual([head, status]);
    expect((await life.mlsys('sync')).code).toBe(1);
  });

  it('is an ordinary merge: git merge --abort takes it back too', async () => {
    const life = await lifeWithConflict();
    const before = workTree(life.project);
    await life.mlsys('sync');
    life.git('merge', '--abort');
    expect(workTree(life.project)).toEqual(before);
    expect((await life.mlsys('status', '--json')).out).not.toContain('"unfinished"');
    expect((await life.mlsys('sync', '--abort')).err).toContain('no merge of mlsys is in progress');
    expect((await life.mlsys('sync', '--dry-run')).code).toBe(0);
  });

  it('is an ordinary merge: git commit ends it too', async () => {
    const life = await lifeWithConflict();
    await life.mlsys('sync');
    life.write({ 'b.txt': 'settled\n' });
    life.git('commit', '--quiet', '--all', '--no-edit');
    expect(life.git('log', '-1', '--format=%P').split(' ')).toHaveLength(2);
    expect((await life.mlsys('sync')).err).toContain('up to date');
    expect(life.read('b.txt')).toBe('settled\n');
  });

  it('stands in the way of every other command, which names it and the two ways out', async () => {
    const life = await lifeWithConflict();
    await life.mlsys('sync');
    for (const args of [
      ['sync'],
      ['sync', '--dry-run'],
      ['sync', '--check'],
      ['switch', 'main'],
      ['configure', 'project_name=x'],
      ['diff'],
    ]) {
      const { code, err } = await life.mlsys(...args);
      expect({ args, code }).toEqual({ args, code: 1 });
      expect(err).toContain('`mlsys sync` is unfinished');
      expect(err).toContain('--abort');
    }
    const status = await life.mlsys('status');
    expect(status.code).toBe(0);
    expect(status.out).toContain('unfinished: mlsys sync');
  });

  it('may hold markers that one side brought, as an example of what they look like', async () => {
    const example = '<<<<<<< yours\na\n=======\nb\n>>>>>>> template v1\n';
    const life = await startLife({ ...v1, ...base({ 'docs/merge.md': example }) });
    life.edit({ 'b.txt': 'mine\n' });
    life.release('v2.0.0', { ...v2, ...base({ 'docs/more.md': example }) });
    await life.mlsys('sync');
    life.write({ 'b.txt': 'settled\n' });
    life.git('add', 'b.txt');
    expect(await life.mlsys('sync', '--continue')).toMatchObject({ code: 0 });
  });

  it('is never about files that mlsys writes itself', async () => {
    const life = await startLife(v1);
    const manifest = '.mlsys/manifest.json';
    life.edit({ [manifest]: life.read(manifest).replace('"Base"', '"Mine"') });
    life.release('v2.0.0', baseManifest('env: {TOKEN: {help: A token}}\n'));
    expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
    expect(life.read(manifest)).toContain('TOKEN');
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('gives a commit whose parents are the project and the template', async () => {
    const life = await lifeWithConflict();
    await life.mlsys('sync');
    life.write({ 'b.txt': 'settled\n' });
    life.git('add', 'b.txt');
    expect((await life.mlsys('sync', '--continue')).code).toBe(0);
    expect(life.git('show', 'HEAD^2:b.txt')).toBe(lines({ 1: 'b', 5: 'theirs' }).trimEnd());
    expect(life.git('fsck', '--strict', '--no-dangling')).toBe('');
    expect((await life.mlsys('sync', '--continue')).code).toBe(1);
  });
});

describe('sync --no-commit', () => {
  it('leaves a merge without conflicts to be looked at, continued or taken back', async () => {
    const life = await lifeWithUpdate();
    const before = workTree(life.project);
    const head = life.git('rev-parse', 'HEAD');
    expect((await life.mlsys('sync', '--no-commit')).code).toBe(0);
    expect(life.read('a.txt')).toBe(lines({ 15: 'theirs' }));
    expect(life.git('rev-parse', 'HEAD')).toBe(head);
    expect((await life.mlsys('sync', '--abort')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
    await life.mlsys('sync', '--no-commit');
    expect((await life.mlsys('sync', '--continue')).code).toBe(0);
    expect(life.git('log', '-1', '--format=%P').split(' ')).toHaveLength(2);
    expect(life.git('status', '--porcelain')).toBe('');
  });
});

describe('what git is in the middle of', () => {
  it.each([
    ['a merge', ['merge', 'side']],
    ['a rebase', ['rebase', 'side']],
    ['a cherry-pick', ['cherry-pick', 'side']],
  ])('has to end first: %s', async (what, args) => {
    const life = await startLife(v1);
    life.git('checkout', '--quiet', '-b', 'side');
    life.edit({ 'c.txt': 'side\n' });
    life.git('checkout', '--quiet', 'main');
    life.edit({ 'c.txt': 'main\n' });
    life.release('v2.0.0', v2);
    expect(() => life.git(...args)).toThrow();
    const before = snapshot(life.project);
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain(`${what} is in progress`);
    expect(workTree(life.project)).toEqual(
      Object.fromEntries(Object.entries(before).filter(([path]) => !path.startsWith('.git/'))),
    );
    expect((await life.mlsys('sync', '--abort')).err).toContain('no merge of mlsys is in progress');
  });
});

describe('a file that changes while the update is worked out', () => {
  it.each([
    ['edited', { 'a.txt': 'mine\n' }],
    ['put in the way', { 'new/d.txt': 'mine\n' }],
  ])('stays as it is, and nothing is merged: %s', async (_, work) => {
    const life = await lifeWithUpdate();
    const before = workTree(life.project);
    const bin = join(life.root, 'bin');
    const [[path, text]] = Object.entries(work) as [[string, string]];
    const type = `mkdir -p "$(dirname ${path})" && printf '${text.trimEnd()}\\n' > ${path}`;
    writeProgram(bin, 'git', `case "$1" in read-tree) ${type};; esac\nPATH=\${PATH#*:} exec git "$@"`);
    const env = { ...life.env, PATH: `${bin}:${life.env.PATH}` };
    expect((await runCommand({ ...life.ctx, env }, ['sync'])).code).toBe(1);
    expect(workTree(life.project)).toEqual({ ...before, [path]: `644 ${text}` });
    expect(existsSync(join(life.project, '.git/mlsys/journal.json'))).toBe(false);
    expect((await life.mlsys('sync')).err).toContain(path);
  });
});
