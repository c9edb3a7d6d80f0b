import { describe, expect, it } from 'vitest';
import { base, branch, type Life, lines, snapshot, startLife } from '../../helpers/lifecycle.js';

const v1 = {
  ...base({ 'a.txt': lines(), 'b.txt': lines({ 1: 'b' }), 'gone.txt': 'x\n', 'src/{{package_name}}/x.py': 'x = 1\n' }),
  ...branch('forest', { 'forest.txt': 'trees\n' }),
};
const v2 = base({
  'a.txt': lines({ 15: 'theirs' }),
  'b.txt': lines({ 1: 'b', 5: 'theirs' }),
  'new.txt': 'new\n',
  'gone.txt': undefined,
});

async function everyCase(): Promise<Life> {
  const life = await startLife(v1);
  life.edit({ 'a.txt': lines({ 5: 'mine' }), 'b.txt': lines({ 1: 'b', 5: 'mine' }), 'own.txt': 'own\n' });
  life.write({ 'own.txt': 'not committed\n', 'untracked.txt': 'x\n' });
  life.release('v2.0.0', v2);
  return life;
}

describe('commands that look', () => {
  it.each([
    ['status'],
    ['status', '--json', '--all'],
    ['diff'],
    ['diff', '--json'],
    ['diff', '--upstream'],
    ['diff', '--to', 'v1.0.0'],
    ['sync', '--check'],
    ['sync', '--check', '--json'],
    ['sync', '--dry-run'],
    ['sync', '--dry-run', '--json'],
    ['add', 'forest', '--dry-run'],
    ['switch', 'forest', '--dry-run', '--json'],
    ['configure', 'project_name=other', '--dry-run'],
  ])('change no byte of the project or of git: %s %s %s', async (...args) => {
    const life = await everyCase();
    const before = snapshot(life.project);
    const { code, err } = await life.mlsys(...args);
    expect({ code, err: code === 0 || args[1] === '--check' ? '' : err }).toEqual({
      code: args[1] === '--check' ? 1 : 0,
      err: '',
    });
    expect(snapshot(life.project)).toEqual(before);
  });
});

describe('sync --dry-run', () => {
  it('prints the plan that sync then carries out', async () => {
    const life = await everyCase();
    const dry = await life.mlsys('sync', '--dry-run', '--json');
    const real = await life.mlsys('sync', '--json');
    expect([dry.code, real.code]).toEqual([0, 1]);
    expect(JSON.parse(real.out)).toEqual({ ...JSON.parse(dry.out), dryRun: false });
    expect(JSON.parse(dry.out)).toMatchObject({
      command: 'sync',
      upToDate: false,
      template: { version: 'v2.0.0' },
      conflicts: ['b.txt'],
      entries: [
        { path: 'a.txt', action: 'update' },
        { path: 'b.txt', action: 'conflict', reason: 'both sides changed the same lines' },
        { path: 'gone.txt', action: 'delete' },
        { path: 'new.txt', action: 'create' },
      ],
    });
  });
});

describe('sync --check', () => {
  it('exits with 0 when up to date, however much was edited', async () => {
    const life = await startLife(v1);
    life.edit({ 'a.txt': 'mine\n', 'gone.txt': undefined });
    const { code, err } = await life.mlsys('sync', '--check');
    expect({ code, err }).toEqual({ code: 0, err: 'up to date with template v1.0.0' });
  });

  it('exits with 1 when an update exists, and says which', async () => {
    const life = await startLife(v1);
    life.release('v2.0.0', v2);
    const { code, out, err } = await life.mlsys('sync', '--check', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ update: true, version: 'v1.0.0', available: 'v2.0.0', lost: [] });
    expect(err).toContain('an update is there: template v2.0.0');
  });

  it('exits with 1 when a sync is unfinished', async () => {
    const life = await everyCase();
    await life.mlsys('sync');
    expect(await life.mlsys('sync', '--check')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is unfinished'),
    });
  });

  it('exits with 1 when the lock does not fit its baseline', async () => {
    const life = await startLife(v1);
    const lock = JSON.parse(life.read('.mlsys/lock.json'));
    lock.files['a.txt'].blob = '1'.repeat(40);
    life.edit({ '.mlsys/lock.json': JSON.stringify(lock) });
    const { code, err } = await life.mlsys('sync', '--check');
    expect(code).toBe(1);
    expect(err).toContain('does not fit its baseline');
  });

  it('goes with neither --continue nor --abort', async () => {
    const life = await startLife(v1);
    expect((await life.mlsys('sync', '--check', '--abort')).code).toBe(1);
  });
});

describe('status', () => {
  it('tells untouched, edited, deleted and added files apart, modes and links included', async () => {
    const life = await startLife(v1);
    life.edit({ 'a.txt': 'mine\n', 'gone.txt': undefined, 'own.txt': 'x\n' });
    life.git('update-index', '--chmod=+x', 'b.txt');
    life.git('commit', '--quiet', '--message', 'Mode');
    life.git('checkout', '--quiet', '--', 'b.txt');
    life.write({
      untracked: { text: 'nowhere', mode: '120000' },
      'src/my_project/x.py': { text: 'y.py', mode: '120000' },
    });
    const { files } = JSON.parse((await life.mlsys('status', '--json')).out);
    const states = Object.fromEntries(files.map(({ path, state }: { path: string; state: string }) => [path, state]));
    expect(states).toEqual({
      '.mlsys/manifest.json': 'as template',
      'a.txt': 'edited',
      'b.txt': 'edited',
      'gone.txt': 'deleted',
      'own.txt': 'added',
      'src/my_project/x.py': 'edited',
      untracked: 'added',
    });
  });

  it('works where git’s folder may not be written', async () => {
    const life = await startLife(v1);
    life.write({ '.git/index.lock': 'held by another git\n' });
    life.write({ 'a.txt': 'mine\n' });
    const { code, out } = await life.mlsys('status');
    expect(code).toBe(0);
    expect(out).toContain('1 edited');
  });
});

describe('diff', () => {
  it('shows what the person changed, and with --upstream what the template changes', async () => {
    const life = await everyCase();
    const mine = (await life.mlsys('diff')).out;
    expect(mine).toContain('+mine');
    expect(mine).not.toContain('theirs');
    const theirs = (await life.mlsys('diff', '--upstream')).out;
    expect(theirs).toContain('+theirs');
    expect(theirs).not.toContain('mine');
    expect((await life.mlsys('diff', 'a.txt')).out).not.toContain('b.txt');
    expect(JSON.parse((await life.mlsys('diff', '--json')).out)).toEqual([
      { status: 'M', path: 'a.txt' },
      { status: 'M', path: 'b.txt' },
      { status: 'A', path: 'own.txt' },
    ]);
  });
});
