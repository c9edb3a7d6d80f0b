import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { workplace } from '../helpers/cli.js';
import { sampleTemplate, writeTree } from '../helpers/template.js';
import { commitAll, git } from '../helpers/tiny-project.js';

const place = workplace();
let template = '';

beforeEach(() => {
  template = place.folder();
  writeTree(template, sampleTemplate);
  writeTree(template, { 'branches/forest/files/forest.txt': 'one\ntwo\nthree\nfour\nfive\n' });
  commitAll(template);
});

const dev = (...args: string[]) => place.mlsys(['branch', 'dev', ...args, '--no-setup'], { cwd: template });
const read = (root: string, path: string): string => readFileSync(join(root, path), 'utf8');

interface Status {
  readonly branches: string[];
  readonly template: { readonly source: string };
  readonly files: { readonly path: string; readonly state: string }[];
}
async function status(cwd: string): Promise<Status> {
  return JSON.parse((await place.mlsys(['status', '--json'], { cwd })).stdout) as Status;
}

describe('branch dev', () => {
  test('makes a project that is linked to its template, and that git does not see there', async () => {
    const { exitCode, stderr } = await dev('forest');
    expect(exitCode).toBe(0);
    expect(stderr).toContain('the project is in .mlsys-dev/forest, linked to the template');
    expect(stderr).toMatch(/Next, in that folder:[^]*\n {2}mlsys contribute +# bring it back into the template$/);
    const project = join(template, '.mlsys-dev', 'forest');
    expect(await status(project)).toMatchObject({ branches: ['forest'], template: { source: '../..' } });
    expect(git(template, 'status', '--short')).toBe('');
    expect(git(project, 'status', '--short')).toBe('');
  });

  test('may be called by another name of the branch, and makes the same project', async () => {
    await dev('forest-system');
    expect(existsSync(join(template, '.mlsys-dev', 'forest', 'forest.txt'))).toBe(true);
  });

  test('of main is a project of the base alone', async () => {
    expect((await dev('main')).exitCode).toBe(0);
    expect((await dev('main')).exitCode).toBe(0);
    expect((await status(join(template, '.mlsys-dev', 'main'))).branches).toEqual([]);
  });

  test('once more brings what the template is now, not committed as it may be; edits stay', async () => {
    const project = join(template, '.mlsys-dev', 'forest');
    await dev('forest');
    writeTree(project, { 'forest.txt': 'ONE\ntwo\nthree\nfour\nfive\n', 'own.txt': 'mine\n' });
    git(project, 'commit', '--quiet', '--all', '--message', 'Mine');
    writeTree(template, { 'branches/forest/files/forest.txt': 'one\ntwo\nthree\nfour\nFIVE\n' });
    const { exitCode } = await dev('forest');
    expect(exitCode).toBe(0);
    expect(read(project, 'forest.txt')).toBe('ONE\ntwo\nthree\nfour\nFIVE\n');
    expect(read(project, 'own.txt')).toBe('mine\n');
    expect((await dev('forest')).stderr).toContain('up to date');
  });

  test('leaves a conflict as any sync does, and exits with 1', async () => {
    const project = join(template, '.mlsys-dev', 'forest');
    await dev('forest');
    writeTree(project, { 'forest.txt': 'mine\n' });
    git(project, 'commit', '--quiet', '--all', '--message', 'Mine');
    writeTree(template, { 'branches/forest/files/forest.txt': 'theirs\n' });
    expect((await dev('forest')).exitCode).toBe(1);
    expect(git(project, 'status', '--short')).toContain('UU forest.txt');
    expect((await place.mlsys(['sync', '--abort'], { cwd: project })).exitCode).toBe(0);
    expect(read(project, 'forest.txt')).toBe('mine\n');
  });

  test('puts branches beside it, which stay when they are not named again', async () => {
    const project = join(template, '.mlsys-dev', 'forest');
    await dev('forest');
    await dev('forest', '--with', 'meadow');
    expect((await status(project)).branches).toEqual(['forest', 'meadow']);
    await dev('forest');
    expect((await status(project)).branches).toEqual(['forest', 'meadow']);
  });

  test('takes another folder, from which tasks of the template run without a question', async () => {
    const project = join(place.folder(), 'scratch');
    expect((await dev('forest', '--path', project)).exitCode).toBe(0);
    const run = await place.mlsys(['run', 'test'], { cwd: project });
    expect(run.stderr).not.toContain('not trusted');
    expect(run.exitCode).toBe(0);
  });

  test('makes a project even where its own name can be no package', async () => {
    writeTree(template, { 'branches/json/branch.yaml': 'name: json\ntitle: J\nsummary: S\n' });
    expect((await dev('json')).exitCode).toBe(0);
    expect(existsSync(join(template, '.mlsys-dev', 'json', 'src', 'json_branch'))).toBe(true);
  });

  test('refuses a folder that git would see in the template', async () => {
    const { exitCode, stderr } = await dev('forest', '--path', 'scratch');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is in the template repository, where git would see it');
    expect(existsSync(join(template, 'scratch'))).toBe(false);
  });

  test('refuses a project of another template', async () => {
    const other = join(place.folder(), 'other');
    await place.mlsys(['new', other, '--yes', '--no-setup']);
    const head = git(other, 'rev-parse', 'HEAD');
    const { exitCode, stderr } = await dev('forest', '--path', other);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/comes from builtin, not from this template/);
    expect(git(other, 'rev-parse', 'HEAD')).toBe(head);
  });

  test('refuses a branch that is not there', async () => {
    const { exitCode, stderr } = await dev('forst');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/there is no branch "forst"[^]*did you mean forest\?/);
    expect(existsSync(join(template, '.mlsys-dev'))).toBe(false);
  });
});

describe('branch diff', () => {
  const diff = (...args: string[]) => place.mlsys(['branch', 'diff', ...args], { cwd: join(template, 'branches') });

  test('shows what one branch has over another, in the template around', async () => {
    const { exitCode, stdout } = await diff('main', 'forest-system');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^main → forest: \+ only in forest/);
    expect(stdout).toMatch(/^ {2}\+ demo +Show it$/m);
    expect(stdout).toMatch(/^ {2}\+ forest\.txt$/m);
    expect(stdout).not.toContain('README.md');
  });

  test('is data for a program', async () => {
    const { stdout } = await diff('meadow', 'forest', '--json');
    expect(JSON.parse(stdout)).toEqual({
      from: 'meadow',
      to: 'forest',
      sections: [],
      files: [{ path: 'meadow.txt', change: 'removed', layer: 'meadow' }],
    });
  });

  test('with --patch shows the lines', async () => {
    expect((await diff('main', 'forest', '--patch')).stdout).toMatch(/^\+three$/m);
  });
});
