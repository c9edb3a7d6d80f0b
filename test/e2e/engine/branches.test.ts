import { describe, expect, it } from 'vitest';
import { base, baseManifest, branch, type Life, lines, startLife, workTree } from '../../helpers/lifecycle.js';

const template = {
  ...baseManifest('questions:\n  description: {default: A project, help: One line}\n'),
  ...base({
    'a.txt': lines(),
    'pyproject.toml.hbs':
      '[project]\nname = {{toml project_name}}\ndependencies = [\n{{#each dependencies}}\n  {{toml this}},\n{{/each}}\n]\n',
  }),
  ...branch(
    'forest',
    { 'src/{{package_name}}/forest/__init__.py': '', 'src/{{package_name}}/forest/core.py': lines({ 1: 'forest' }) },
    'aliases: [forest-system]\npython: {dependencies: ["torch>=2"]}\nquestions:\n  trees: {type: integer, default: 3, help: How many}\n',
  ),
  ...branch(
    'meadow',
    { 'meadow.txt': lines({ 1: 'meadow' }), 'data/start.csv': 'a,b\n' },
    'extends: [forest]\nonce: ["data/**"]\n',
  ),
  ...branch('river', { 'river.txt': 'water\n' }, 'python: {dependencies: ["numpy>=2"]}\n'),
};

const run = (life: Life, ...args: string[]) => life.mlsys(...args, '--no-setup');
const branchesOf = (life: Life): string[] => JSON.parse(life.read('.mlsys/lock.json')).branches;

describe('add and remove', () => {
  it('bring a branch with what it needs, and take it away to the last byte', async () => {
    const life = await startLife(template);
    const before = workTree(life.project);
    expect((await run(life, 'add', 'meadow', 'river')).code).toBe(0);
    expect(branchesOf(life)).toEqual(['forest', 'meadow', 'river']);
    expect(life.read('pyproject.toml')).toContain('"torch>=2"');
    expect(life.read('data/start.csv')).toBe('a,b\n');
    expect((await run(life, 'remove', 'meadow', 'river', 'forest')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
  });

  it('give the same project in whatever order they come', async () => {
    const [one, other] = [await startLife(template), await startLife(template)];
    await run(one, 'add', 'river');
    await run(one, 'add', 'forest-system');
    await run(other, 'switch', 'forest', 'river');
    const lock = '.mlsys/lock.json';
    expect({ ...workTree(one.project), [lock]: '' }).toEqual({ ...workTree(other.project), [lock]: '' });
    expect(JSON.parse(one.read(lock)).files).toEqual(JSON.parse(other.read(lock)).files);
  });

  it('keep what the person put into the folders of a branch that goes', async () => {
    const life = await startLife(template, { args: ['--branch', 'forest'] });
    life.edit({ 'src/my_project/forest/own.py': 'mine\n' });
    expect((await run(life, 'remove', 'forest')).code).toBe(0);
    expect(life.read('src/my_project/forest/own.py')).toBe('mine\n');
    expect(life.exists('src/my_project/forest/core.py')).toBe(false);
  });

  it('ask about edited files of a branch that goes, and let them stay', async () => {
    const life = await startLife(template, { args: ['--branch', 'forest'] });
    life.edit({ 'src/my_project/forest/core.py': lines({ 5: 'mine' }) });
    const { code, err } = await run(life, 'remove', 'forest');
    expect(code).toBe(1);
    expect(err).toContain('you changed it, the template deleted it');
    life.git('add', 'src/my_project/forest/core.py');
    expect((await life.mlsys('sync', '--continue')).code).toBe(0);
    expect(life.read('src/my_project/forest/core.py')).toBe(lines({ 5: 'mine' }));
    expect(branchesOf(life)).toEqual([]);
  });

  it('refuse what can’t be: a branch that is not there, the base, one that another needs', async () => {
    const life = await startLife(template, { args: ['--branch', 'meadow'] });
    for (const [args, message] of [
      [['add', 'forst'], 'did you mean forest'],
      [['remove', 'river'], 'the project does not have the branch river'],
      [['remove', 'main'], "can't be removed"],
      [['remove', 'forest'], 'meadow extends forest'],
    ] as const) {
      const { code, err } = await run(life, ...args);
      expect(code).toBe(1);
      expect(err).toContain(message);
    }
  });
});

describe('switch', () => {
  it('gives exactly the branches that are named, and main alone none', async () => {
    const life = await startLife(template);
    const before = workTree(life.project);
    await run(life, 'switch', 'meadow');
    expect(branchesOf(life)).toEqual(['forest', 'meadow']);
    await run(life, 'switch', 'river');
    expect(branchesOf(life)).toEqual(['river']);
    expect(life.exists('meadow.txt')).toBe(false);
    expect((await run(life, 'switch', 'river')).err).toContain('up to date');
    await run(life, 'switch', 'main');
    expect(workTree(life.project)).toEqual(before);
  });

  it('takes answers of new branches', async () => {
    const life = await startLife(template);
    expect((await run(life, 'switch', 'forest', '--set', 'trees=7')).code).toBe(0);
    expect(JSON.parse(life.read('.mlsys/lock.json')).answers.trees).toBe(7);
    expect((await run(life, 'switch', 'forest', '--set', 'trees=many')).err).toContain('trees must be a number');
  });

  it('keeps both the person’s packages and those of the branch', async () => {
    const life = await startLife(template);
    const own = life.read('pyproject.toml').replace('[\n', '[\n  "mine>=1",\n');
    life.edit({ 'pyproject.toml': own });
    expect((await run(life, 'switch', 'forest')).code).toBe(0);
    expect(life.read('pyproject.toml')).toMatch(/"mine>=1",\n {2}"torch>=2",\n/);
  });
});

describe('files that are written once', () => {
  const withData = (data: string, more = ''): typeof template => ({
    ...template,
    ...baseManifest(`once: ["data/**"]\n${more}`),
    ...base({ 'a.txt': lines(), 'data/x.csv': data }),
  });

  it('stay as they are while versions come and go, edited or not', async () => {
    const life = await startLife(withData('first\n'));
    life.release(
      'v2.0.0',
      base({ 'data/x.csv': 'second\n', 'data/new.csv': 'new\n', 'a.txt': lines({ 5: 'theirs' }) }),
    );
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('data/x.csv')).toBe('first\n');
    life.edit({ 'data/x.csv': 'mine\n' });
    life.release('v3.0.0', base({ 'data/x.csv': undefined, 'a.txt': lines({ 6: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('data/x.csv')).toBe('mine\n');
    expect((await life.mlsys('sync')).err).toContain('up to date');
  });

  it('stay when a version does not bring them any more', async () => {
    const life = await startLife(withData('first\n'));
    life.release('v2.0.0', base({ 'data/x.csv': undefined }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('data/x.csv')).toBe('first\n');
  });

  it('stay when a version begins to write them once', async () => {
    const life = await startLife({ ...template, ...base({ 'data/x.csv': 'first\n' }) });
    life.edit({ 'data/x.csv': 'mine\n' });
    life.release('v2.0.0', { ...baseManifest('once: ["data/**"]\n'), ...base({ 'data/x.csv': 'second\n' }) });
    expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
    expect(life.read('data/x.csv')).toBe('mine\n');
    life.release('v3.0.0', base({ 'data/x.csv': 'third\n' }));
    expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
    expect(life.read('data/x.csv')).toBe('mine\n');
  });

  it('are merged again when a version writes them like others', async () => {
    const life = await startLife(withData(lines()));
    life.edit({ 'data/x.csv': lines({ 5: 'mine' }) });
    life.release('v2.0.0', { ...baseManifest(), ...base({ 'data/x.csv': lines({ 15: 'theirs' }) }) });
    expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
    expect(life.read('data/x.csv')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
  });

  it('come with their branch, and go with it unless they were edited', async () => {
    const life = await startLife(template);
    await run(life, 'add', 'meadow');
    await run(life, 'switch', 'main');
    expect(life.exists('data/start.csv')).toBe(false);
    await run(life, 'add', 'meadow');
    life.edit({ 'data/start.csv': 'mine\n' });
    expect((await run(life, 'switch', 'main')).code).toBe(0);
    expect(life.read('data/start.csv')).toBe('mine\n');
  });
});
