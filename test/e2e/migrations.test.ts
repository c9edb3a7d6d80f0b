import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { workplace } from '../helpers/cli.js';
import { makeRepository, type TestRepository } from '../helpers/repository.js';
import { type GivenFiles, writeTree } from '../helpers/template.js';
import { git } from '../helpers/tiny-project.js';

const place = workplace();
const layer = (more = ''): string => `name: main\ntitle: Base\nsummary: A project\n${more}`;
const reader = (name: string): string => `"""The reader."""\n\n\ndef read():\n    return "${name}"\n`;
const migrations = `migrations:
  - version: 2.0.0
    note: Set READER_URL in your .env
    renames:
      - {from: "src/{{package_name}}/reader.py", to: "src/{{package_name}}/io/reader.py"}
  - version: 3.0.0
    note: Run the import once more
    renames:
      - {from: "src/{{package_name}}/io/reader.py", to: "src/{{package_name}}/data/source.py"}
`;

let template: TestRepository;
let project = '';

const first: GivenFiles = {
  'templates/base/layer.yaml': layer(),
  'templates/base/files/README.md.hbs': '# {{project_name}}\n',
  'templates/base/files/src/{{package_name}}/reader.py': reader('one'),
};

/** Versions 1 to 3 of a template, the file moved in each and written anew in the last, and a project of the first. */
beforeEach(async () => {
  template = makeRepository(place.folder(), first);
  template.git('tag', 'v1.0.0');
  const source = 'templates/base/files/src/{{package_name}}';
  template.git('rm', '--quiet', `${source}/reader.py`);
  const second = migrations.slice(0, migrations.indexOf('  - version: 3'));
  template.commit({ 'templates/base/layer.yaml': layer(second), [`${source}/io/reader.py`]: reader('one') });
  template.git('tag', 'v2.0.0');
  template.git('rm', '--quiet', `${source}/io/reader.py`);
  // Nothing in it is like the former file, so git alone would not know that it moved.
  template.commit({
    'templates/base/layer.yaml': layer(migrations),
    [`${source}/data/source.py`]: 'import csv\n\nrows = list(csv.reader([]))\nprint(rows)\n',
  });
  template.git('tag', 'v3.0.0');
  project = join(place.folder(), 'shop');
  const made = await place.mlsys(['new', project, '--from', `${template.url}#v1.0.0`, '--yes', '--no-setup']);
  expect(made.exitCode).toBe(0);
});

const mlsys = (...args: string[]) => place.mlsys(args, { cwd: project });
const read = (path: string): string => readFileSync(join(project, path), 'utf8');
const commit = (files: GivenFiles): void => {
  writeTree(project, files);
  git(project, 'add', '--all');
  git(project, 'commit', '--quiet', '--message', 'Mine');
};

describe('a path that moved', () => {
  test('takes the edits along, and the files that stood beside it stay', async () => {
    commit({ 'src/shop/reader.py': reader('mine'), 'src/shop/own.py': 'x = 1\n' });
    expect((await mlsys('sync', '--to', 'v2.0.0')).exitCode).toBe(0);
    expect(existsSync(join(project, 'src/shop/reader.py'))).toBe(false);
    expect(read('src/shop/io/reader.py')).toBe(reader('mine'));
    expect(read('src/shop/own.py')).toBe('x = 1\n');
  });

  test('over several versions is known, even where the file was written anew', async () => {
    commit({ 'src/shop/reader.py': reader('mine') });
    const { exitCode, stderr } = await mlsys('sync', '--to', 'v3.0.0');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('1 conflict to settle');
    expect(git(project, 'status', '--short', '--', 'src')).toMatch(/(UU|AA) src\/shop\/data\/source\.py$/m);
    expect(read('src/shop/data/source.py')).toContain('return "mine"');
    expect(existsSync(join(project, 'src/shop/reader.py'))).toBe(false);
  });

  test('gives what a new project has, where nobody edited it', async () => {
    expect((await mlsys('sync', '--to', 'v3.0.0')).exitCode).toBe(0);
    expect(git(project, 'ls-files', 'src')).toBe('src/shop/data/source.py');
    expect((await mlsys('sync', '--to', 'v3.0.0', '--check')).exitCode).toBe(0);
  });
});

describe('a step for a person', () => {
  const notes = (text: string): string[] => [...text.matchAll(/^note for (.*)$/gm)].map((match) => match[1] ?? '');
  const both = ['2.0.0 (main): Set READER_URL in your .env', '3.0.0 (main): Run the import once more'];

  test('is shown by the sync that brings its version, and no more afterwards', async () => {
    expect(notes((await mlsys('sync', '--to', 'v2.0.0')).stderr)).toEqual([both[0]]);
    expect(notes((await mlsys('sync', '--to', 'v2.0.0')).stderr)).toEqual([]);
    expect(notes((await mlsys('sync', '--to', 'v3.0.0')).stderr)).toEqual([both[1]]);
  });

  test('of several versions is shown in their order, by a dry run too', async () => {
    expect(notes((await mlsys('sync', '--to', 'v3.0.0', '--dry-run')).stderr)).toEqual(both);
    expect(notes((await mlsys('sync', '--to', 'v3.0.0')).stderr)).toEqual(both);
  });

  test('is data for a program', async () => {
    const { stdout } = await mlsys('sync', '--to', 'v3.0.0', '--dry-run', '--json');
    expect((JSON.parse(stdout) as { notes: unknown }).notes).toEqual([
      { layer: 'main', version: '2.0.0', note: 'Set READER_URL in your .env' },
      { layer: 'main', version: '3.0.0', note: 'Run the import once more' },
    ]);
  });

  test('is shown where the version changes nothing else', async () => {
    expect((await mlsys('sync', '--to', 'v3.0.0')).exitCode).toBe(0);
    template.commit({
      'templates/base/layer.yaml': layer(`${migrations}  - {version: 4.0.0, note: Tell your team}\n`),
    });
    template.git('tag', 'v4.0.0');
    const { exitCode, stderr } = await mlsys('sync');
    expect(exitCode).toBe(0);
    expect(notes(stderr)).toEqual(['4.0.0 (main): Tell your team']);
    expect((await mlsys('status')).stdout).toContain('v4.0.0');
  });
});

describe('a template that needs a newer mlsys', () => {
  const needs = 'requires: {mlsys: ">=99.1.0"}\n';

  test.each([
    ['', 'in words that this one knows'],
    ['novelty: {of: the future}\n', 'in words of its own time'],
  ])('says so instead of being updated to, %#: %s', async (future) => {
    template.commit({ 'templates/base/layer.yaml': layer(`${needs}${future}`) });
    template.git('tag', 'v9.0.0');
    const before = git(project, 'rev-parse', 'HEAD');
    const { exitCode, stderr } = await mlsys('sync', '--to', 'v9.0.0');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/error: .* needs mlsys >=99\.1\.0, this is \d+\.\d+\.\d+\n\nhint: update mlsys/);
    expect(git(project, 'rev-parse', 'HEAD')).toBe(before);
    expect(git(project, 'status', '--short')).toBe('');
  });

  test('is refused by new, whichever of its branches says so', async () => {
    const root = place.folder();
    makeRepository(root, {
      ...first,
      'branches/forest/branch.yaml': `name: forest\ntitle: Forest\nsummary: Trees\n${needs}`,
    });
    const { exitCode, stderr } = await place.mlsys(['new', 'x', '--from', root, '--yes', '--no-setup']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error: forest needs mlsys >=99.1.0');
  });

  test('that is faulty as well as old enough is called faulty', async () => {
    const root = place.folder();
    makeRepository(root, {
      ...first,
      'templates/base/layer.yaml': layer('requires: {mlsys: ">=0.0.1"}\nnovelty: 1\n'),
    });
    const { exitCode, stderr } = await place.mlsys(['new', 'x', '--from', root, '--yes', '--no-setup']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('unknown key novelty');
  });
});
