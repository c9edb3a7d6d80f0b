import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { base, gitOf, type Life, lines, startLife, workTree } from '../../helpers/lifecycle.js';

const v1 = base({ 'a.txt': lines(), 'b.txt': lines({ 1: 'b' }) });
const v2 = base({ 'a.txt': lines({ 15: 'theirs' }), 'b.txt': lines({ 1: 'b', 5: 'theirs' }), 'new.txt': 'new\n' });
const merged = lines({ 5: 'mine', 15: 'theirs' });

async function edited(): Promise<Life> {
  const life = await startLife(v1);
  life.edit({ 'a.txt': lines({ 5: 'mine' }) });
  life.release('v2.0.0', v2);
  return life;
}

describe('where a project can lie', () => {
  it('in a linked work tree, apart from the main one', async () => {
    const life = await edited();
    const folder = join(life.root, 'linked');
    life.git('worktree', 'add', '--quiet', folder, '-b', 'linked');
    const linked = life.in(folder);
    linked.edit({ 'b.txt': lines({ 1: 'b', 5: 'mine' }) });
    expect((await linked.mlsys('sync')).code).toBe(1);
    expect(linked.read('a.txt')).toBe(merged);
    expect(life.git('status', '--porcelain')).toBe('');
    expect((await linked.mlsys('sync', '--abort')).code).toBe(0);
    expect(linked.git('status', '--porcelain')).toBe('');
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('a.txt')).toBe(merged);
  });

  it('in a shallow clone, whose lost history the template replaces', async () => {
    const life = await edited();
    const folder = join(life.root, 'shallow');
    gitOf(life.root, life.env)('clone', '--quiet', '--depth', '1', pathToFileURL(life.project).href, folder);
    const shallow = life.in(folder);
    expect((await shallow.mlsys('sync')).code).toBe(0);
    expect(shallow.read('a.txt')).toBe(merged);
  });

  it('in a shallow clone without its template: says which files it can’t merge, and shows both versions if asked', async () => {
    const life = await edited();
    const folder = join(life.root, 'shallow');
    gitOf(life.root, life.env)('clone', '--quiet', '--depth', '1', pathToFileURL(life.project).href, folder);
    rmSync(join(life.template, '.git'), { recursive: true });
    life.templateGit('init', '--quiet');
    life.release('v3.0.0', {});
    const shallow = life.in(folder);
    const { code, err } = await shallow.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('can’t be rendered again'.replace('’', "'"));
    expect(err).toContain('1 file is nowhere to be found');
    expect(err).toContain('a.txt');
    expect((await shallow.mlsys('sync', '--check')).code).toBe(1);
    const twoWay = await shallow.mlsys('sync', '--two-way');
    expect(twoWay.code).toBe(1);
    expect(shallow.read('a.txt')).toContain('<<<<<<< yours\n');
    expect(shallow.read('b.txt')).toBe(lines({ 1: 'b', 5: 'theirs' }));
  });

  it('in a folder of a larger repository, deep down, with conflicts and back', async () => {
    const life = await startLife(v1, { args: ['--no-git'] });
    const whole = join(life.root, 'whole');
    mkdirSync(join(whole, 'deep [x] *'), { recursive: true });
    const folder = join(whole, 'deep [x] *', 'my-project');
    renameSync(life.project, folder);
    renameSync(life.template, join(whole, 'deep [x] *', 'template'));
    const top = life.in(whole);
    top.git('init', '--quiet');
    top.edit({ '.gitignore': 'template/\n', 'deep x/my-project/a.txt': 'not of the project\n', 'outside.txt': 'x\n' });
    const deep = top.in(folder);
    deep.edit({ 'b.txt': lines({ 1: 'b', 5: 'mine' }) });
    top.write({ 'outside.txt': 'edited\n' });
    const template = gitOf(join(whole, 'deep [x] *', 'template'), life.env);
    const files = deep.in(join(whole, 'deep [x] *', 'template'));
    files.write(v2);
    template('add', '--all');
    template('commit', '--quiet', '--message', 'v2');
    template('tag', 'v2.0.0');
    const before = workTree(whole);
    expect((await deep.mlsys('status')).out).toContain('~ b.txt');
    expect((await deep.mlsys('diff')).out).toContain('+mine');
    expect((await deep.mlsys('diff')).out).not.toContain('lock.json');
    expect((await deep.mlsys('sync')).code).toBe(1);
    expect(deep.read('b.txt')).toContain('<<<<<<< yours');
    expect((await deep.mlsys('sync', '--abort')).code).toBe(0);
    expect(workTree(whole)).toEqual(before);
    await deep.mlsys('sync');
    deep.write({ 'b.txt': 'settled\n' });
    deep.git('add', 'b.txt');
    expect((await deep.mlsys('sync', '--continue')).code).toBe(0);
    expect(top.git('status', '--porcelain')).toBe(' M outside.txt');
    expect(top.read('deep x/my-project/a.txt')).toBe('not of the project\n');
  });

  it('with a detached HEAD', async () => {
    const life = await edited();
    life.git('checkout', '--quiet', '--detach');
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('a.txt')).toBe(merged);
    expect(life.git('rev-parse', '--abbrev-ref', 'HEAD')).toBe('HEAD');
    expect(life.git('show', 'main:a.txt')).toBe(lines({ 5: 'mine' }).trimEnd());
  });

  it('seen from a folder inside it', async () => {
    const life = await edited();
    mkdirSync(join(life.project, 'docs/deep'), { recursive: true });
    const inside = life.in(join(life.project, 'docs/deep'));
    expect((await inside.mlsys('diff', '../../a.txt')).out).toContain('+mine');
    expect((await inside.mlsys('sync')).code).toBe(0);
    expect(life.read('a.txt')).toBe(merged);
  });
});

describe('where a project can’t be updated', () => {
  it('without git: says how to begin', async () => {
    const life = await startLife(v1, { args: ['--no-git'] });
    for (const command of ['sync', 'status', 'diff']) {
      const { code, err } = await life.mlsys(command);
      expect(code).toBe(1);
      expect(err).toContain('is not in a git repository');
      expect(err).toContain('git init');
    }
  });

  it('without a commit: says how to begin', async () => {
    const life = await startLife(v1, { args: ['--no-git'] });
    life.git('init', '--quiet');
    const { code, err } = await life.mlsys('sync', '--dry-run');
    life.release('v2.0.0', v2);
    const second = await life.mlsys('sync');
    expect([code, second.code]).toEqual([0, 1]);
    expect(err).toContain('up to date');
    expect(second.err).toContain('the repository has no commit yet');
  });

  it('in a folder that is not committed in its repository', async () => {
    const life = await startLife(v1, { args: ['--no-git'] });
    const top = life.in(life.root);
    top.git('init', '--quiet');
    top.write({ '.gitignore': '*\n' });
    top.git('add', '--force', '.gitignore');
    top.git('commit', '--quiet', '--message', 'Start');
    life.release('v2.0.0', v2);
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('is not committed yet');
  });

  it('in a repository of SHA-256 objects', async () => {
    const life = await startLife(v1, { args: ['--no-git'] });
    life.git('init', '--quiet', '--object-format=sha256');
    life.edit({});
    const { code, err } = await life.mlsys('status');
    expect(code).toBe(1);
    expect(err).toContain('names its objects with sha256');
    expect(existsSync(join(life.project, '.git/mlsys'))).toBe(false);
  });
});
