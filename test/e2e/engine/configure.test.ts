import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { base, baseManifest, branch, type Life, lines, startLife, workTree } from '../../helpers/lifecycle.js';
import { executable, link } from '../../helpers/template.js';

const template = {
  ...baseManifest(
    'questions:\n  description: {default: A project, help: One line}\n  api: {type: boolean, default: false, help: Serves}\nwhen:\n  - {files: ["src/{{package_name}}/api.py"], if: api}\nonce: ["src/{{package_name}}/data/**"]\n',
  ),
  ...base({
    'README.md.hbs': '# {{project_name}}\n\n{{md description}}\n',
    'src/{{package_name}}/__init__.py': '',
    'src/{{package_name}}/deep/__init__.py': '',
    'src/{{package_name}}/deep/er/__init__.py': '',
    'src/{{package_name}}/core.py': lines(),
    'src/{{package_name}}/api.py': 'served = True\n',
    'src/{{package_name}}/run.sh': executable('#!/bin/sh\n'),
    'src/{{package_name}}/latest': link('core.py'),
    'src/{{package_name}}/data/x.csv': 'first\n',
    'tests/test_{{package_name}}.py.hbs': `import {{package_name}}\n\n\ndef test() -> None:\n    assert {{package_name}}\n`,
    'docs/plain.md': lines({ 1: 'docs' }),
  }),
  ...branch('forest', {
    'src/{{package_name}}/forest/__init__.py': '',
    'src/{{package_name}}/forest/core.py': 'x = 1\n',
  }),
};

const configure = (life: Life, ...args: string[]) => life.mlsys('configure', ...args, '--no-setup');
const answers = (life: Life) => JSON.parse(life.read('.mlsys/lock.json')).answers;

describe('configure project_name', () => {
  it('gives the project that new would have made under that name', async () => {
    const life = await startLife(template, { args: ['--branch', 'forest'] });
    const other = await startLife(template, { args: ['--branch', 'forest'] });
    await other
      .in(other.root)
      .mlsys('new', 'trees', '--from', './template', '--branch', 'forest', '--yes', '--no-setup');
    expect((await configure(life, 'project_name=trees')).code).toBe(0);
    const [made, moved] = [workTree(join(other.root, 'trees')), workTree(life.project)];
    const lock = '.mlsys/lock.json';
    expect({ ...moved, [lock]: '' }).toEqual({ ...made, [lock]: '' });
    expect(JSON.parse(life.read(lock)).files).toEqual(JSON.parse(other.in(join(other.root, 'trees')).read(lock)).files);
  });

  it('moves edits, files of the person, and files that they renamed', async () => {
    const life = await startLife(template);
    life.edit({
      'src/my_project/core.py': undefined,
      'src/my_project/kernel.py': lines({ 5: 'mine' }),
      'src/my_project/own/deep/x.py': 'own\n',
      'src/my_project/own/__init__.py': '',
      'src/my_project/data/x.csv': 'mine\n',
      'src/elsewhere.py': 'own\n',
      'tests/test_my_project.py':
        'import my_project\n\n\ndef test() -> None:\n    assert my_project\n\n\ndef test_mine() -> None:\n    pass\n',
    });
    const { code, err } = await configure(life, 'project_name=trees');
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(readdirSync(join(life.project, 'src')).sort()).toEqual(['elsewhere.py', 'trees']);
    expect(life.read('src/trees/kernel.py')).toBe(lines({ 5: 'mine' }));
    expect(life.exists('src/trees/core.py')).toBe(false);
    expect(life.read('src/trees/own/deep/x.py')).toBe('own\n');
    expect(life.read('src/trees/own/__init__.py')).toBe('');
    expect(life.read('src/trees/data/x.csv')).toBe('mine\n');
    expect(life.read('tests/test_trees.py')).toBe(
      'import trees\n\n\ndef test() -> None:\n    assert trees\n\n\ndef test_mine() -> None:\n    pass\n',
    );
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('and back again is the identity', async () => {
    const life = await startLife(template);
    life.edit({ 'src/my_project/core.py': lines({ 5: 'mine' }), 'src/my_project/own.py': 'own\n' });
    const before = workTree(life.project);
    expect((await configure(life, 'project_name=trees')).code).toBe(0);
    expect((await configure(life, 'project_name=my-project')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
  });

  it('leaves a package its own name, and moves it by that name alone', async () => {
    const life = await startLife(template, { args: ['--set', 'package_name=pkg'] });
    expect((await configure(life, 'project_name=trees')).code).toBe(0);
    expect(answers(life)).toMatchObject({ project_name: 'trees', package_name: 'pkg' });
    expect((await configure(life, 'package_name=leaves')).code).toBe(0);
    expect(answers(life)).toMatchObject({ project_name: 'trees', package_name: 'leaves' });
    expect(readdirSync(join(life.project, 'src'))).toEqual(['leaves']);
  });

  it('names the files of the person that still say the former name', async () => {
    const life = await startLife(template);
    life.edit({ 'scripts/x.py': 'import my_project\n' });
    expect((await configure(life, 'project_name=trees')).err).toContain('still say my_project: scripts/x.py');
  });

  it('refuses uncommitted work in files that would move, and files in the way', async () => {
    const life = await startLife(template);
    life.write({ 'src/my_project/core.py': 'mine\n' });
    const first = await configure(life, 'project_name=trees');
    expect(first).toMatchObject({ code: 1, err: expect.stringContaining('src/my_project/core.py has changes') });
    life.git('checkout', '--', '.');
    life.write({ 'src/trees/core.py': 'mine\n' });
    const second = await configure(life, 'project_name=trees');
    expect(second).toMatchObject({ code: 1, err: expect.stringContaining('src/trees/core.py is in the way') });
    expect(life.read('src/trees/core.py')).toBe('mine\n');
  });

  it('moves nothing onto a file of the person', async () => {
    const life = await startLife(template);
    life.edit({ 'src/trees/core.py': 'mine\n', 'src/trees/own.py': 'mine\n', 'src/my_project/own.py': 'other\n' });
    await configure(life, 'project_name=trees');
    const files = workTree(life.project);
    const texts = Object.values(files).join('\n');
    for (const text of ['mine\n', 'other\n']) expect(texts).toContain(text);
    expect(life.read('src/trees/own.py')).toBe('mine\n');
    expect(life.read('src/my_project/own.py')).toBe('other\n');
    expect(life.read('src/trees/core.py')).toContain('mine\n');
  });

  it('is taken back to the last byte where it conflicts', async () => {
    const life = await startLife(template);
    life.edit({ 'README.md': '# My own title\n\nA project\n', 'src/my_project/own.py': 'own\n' });
    const before = workTree(life.project);
    const { code } = await configure(life, 'project_name=trees');
    expect(code).toBe(1);
    expect(life.read('src/trees/own.py')).toBe('own\n');
    expect((await life.mlsys('sync', '--abort')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
  });

  it('says that untracked files stay in the former folder', async () => {
    const life = await startLife(template);
    life.write({
      '.git/info/exclude': '*.pyc\n',
      'src/my_project/__pycache__/x.pyc': 'x',
      'src/my_project/note.txt': 'x\n',
    });
    const { code, err } = await configure(life, 'project_name=trees');
    expect(code).toBe(0);
    expect(err).toContain('src/my_project still holds files that git does not track');
    expect(life.read('src/my_project/note.txt')).toBe('x\n');
  });

  it.each([
    ['project_name=in valid', "can't be the name of a project"],
    ['package_name=class', 'keyword of Python'],
    ['nonsense=1', 'no question is named "nonsense"'],
    ['api=perhaps', 'api must be true or false'],
    ['api', 'is not of the form name=value'],
  ])('refuses %s', async (assignment, message) => {
    const life = await startLife(template);
    const { code, err } = await configure(life, assignment);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });
});

describe('configure', () => {
  it('brings and takes files that hang on an answer, edits of other lines stay', async () => {
    const life = await startLife(template);
    life.edit({ 'README.md': `${life.read('README.md')}\nMine\n` });
    const before = workTree(life.project);
    expect((await configure(life, 'api=yes')).code).toBe(0);
    expect(life.read('src/my_project/api.py')).toBe('served = True\n');
    expect((await configure(life, 'description=Another one')).code).toBe(1);
    await life.mlsys('sync', '--abort');
    expect((await configure(life, 'api=no')).code).toBe(0);
    expect(workTree(life.project)).toEqual(before);
    expect((await configure(life, 'api=no')).err).toContain('up to date');
  });

  it('takes no newer version of the template with it', async () => {
    const life = await startLife(template);
    life.release('v2.0.0', base({ 'docs/plain.md': 'new\n' }));
    expect((await configure(life, 'api=yes')).code).toBe(0);
    expect(life.read('docs/plain.md')).toBe(lines({ 1: 'docs' }));
    expect(JSON.parse(life.read('.mlsys/lock.json')).template.version).toBe('v1.0.0');
  });
});
