import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { blobId } from '../../src/core/tree.js';
import { lock, type Lock } from '../../src/schema/lock.js';
import { filesBelow, workplace } from '../helpers/cli.js';
import { sampleTemplate, writeTree } from '../helpers/template.js';
import { git } from '../helpers/tiny-project.js';

const place = workplace();
let template = '';
beforeAll(() => {
  template = place.folder('template');
  writeTree(template, sampleTemplate);
});

const make = (path: string, ...args: string[]) =>
  place.mlsys(['new', path, '--yes', '--no-setup', '--from', template, ...args]);
const readLock = (root: string): Lock => lock.parse(JSON.parse(readFileSync(join(root, '.mlsys/lock.json'), 'utf8')));
const textOf = (...parts: string[]): string => readFileSync(join(...parts), 'utf8');

/** What stands in a project, as git would name it. */
function inFolder(root: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(root).map((path) => {
      const full = join(root, path);
      const stat = lstatSync(full);
      if (stat.isSymbolicLink()) return [path, `120000 ${blobId(Buffer.from(readlinkSync(full)))}`];
      return [path, `${(stat.mode & 0o100) === 0 ? '100644' : '100755'} ${blobId(readFileSync(full))}`];
    }),
  );
}

function inCommit(root: string): Record<string, string> {
  const lines = git(root, 'ls-tree', '-r', '--full-tree', 'HEAD').split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, mode, blob, path] = /^(\d+) blob (\w+)\t(.*)$/.exec(line) ?? [];
      return [path, `${mode} ${blob}`];
    }),
  );
}

describe('a new project', () => {
  let root = '';
  let said = { exitCode: -1, stdout: '', stderr: '' };
  const secret = 'hunter2-secret';
  beforeAll(async () => {
    root = join(place.folder(), 'My-Project');
    const answers = ['description=Say "hi" & $go', 'api=yes', `token=${secret}`].flatMap((a) => ['--set', a]);
    said = await make(root, '--branch', 'forest-system', ...answers);
  });

  it('is made, and the person is told what to do next', () => {
    expect(said).toMatchObject({ exitCode: 0, stdout: '' });
    expect(said.stderr).toMatch(/My-Project in .*\n {2}main +\d+ files\n {2}forest +1 file\n/);
    expect(said.stderr).toMatch(/Next:\n {2}cd .*My-Project\n {2}mlsys setup/);
    expect(said.stderr).toContain('mlsys run demo');
  });

  it('has the files of its layers, rendered with its names and answers', () => {
    expect(filesBelow(root)).toEqual([
      '.env',
      '.gitignore',
      '.mlsys/lock.json',
      '.mlsys/manifest.json',
      'README.md',
      'data/sample.csv',
      'docs/latest.md',
      'pyproject.toml',
      'run.sh',
      'src/my_project/__init__.py',
      'src/my_project/api.py',
      'src/my_project/forest/__init__.py',
    ]);
    expect(textOf(root, 'pyproject.toml')).toContain('name = "My-Project"');
    expect(textOf(root, 'pyproject.toml')).toContain('description = "Say \\"hi\\" & $go"');
    expect(textOf(root, 'data/sample.csv')).toBe('a,b\r\n1,2\r\n');
  });

  it('has executables and links', () => {
    expect(statSync(join(root, 'run.sh')).mode & 0o111).toBe(process.platform === 'win32' ? 0 : 0o111);
    expect(readlinkSync(join(root, 'docs/latest.md'))).toBe('../README.md');
  });

  it('is one commit on main with a clean tree', () => {
    expect(git(root, 'log', '--format=%s', '--all')).toBe('Create the project from main + forest');
    expect(git(root, 'symbolic-ref', '--short', 'HEAD')).toBe('main');
    expect(git(root, 'status', '--porcelain')).toBe('');
    expect(git(root, 'fsck', '--strict')).toBe('');
  });

  it('has a lock that names every file as git does', () => {
    const { '.mlsys/lock.json': own, ...committed } = inCommit(root);
    const { files } = readLock(root);
    expect(Object.fromEntries(Object.entries(files).map(([path, f]) => [path, `${f.mode} ${f.blob}`]))).toEqual(
      committed,
    );
    expect(own).toBeDefined();
    expect(inFolder(root)).toMatchObject(committed);
  });

  it('has a lock with what it was made from, by its real names', () => {
    expect(readLock(root)).toMatchObject({
      branches: ['forest'],
      answers: { project_name: 'My-Project', package_name: 'my_project', description: 'Say "hi" & $go', api: true },
      template: { source: '../../template', version: 'working tree' },
    });
  });

  it('has no secret and no place of this machine in any committed file', () => {
    for (const path of Object.keys(inCommit(root)).filter((name) => name !== 'docs/latest.md')) {
      expect(textOf(root, path)).not.toContain(secret);
      expect(textOf(root, path)).not.toContain(dirname(place.root));
    }
    expect(git(root, 'log', '-p')).not.toContain(secret);
    expect(textOf(root, '.env')).toBe(`TOKEN="${secret}"\n`);
    if (process.platform !== 'win32') expect(statSync(join(root, '.env')).mode & 0o077).toBe(0);
  });
});

describe('where a project is made', () => {
  it('nothing is left beside it', async () => {
    const parent = place.folder();
    await make(join(parent, 'one/two/three'));
    expect(filesBelow(parent).every((path) => path.startsWith('one/two/three/'))).toBe(true);
  });

  it.each(['.', './'])('the folder is taken as it stands, where it is %s and empty', async (path) => {
    const root = join(place.folder(), 'in-place');
    mkdirSync(root);
    const { exitCode, stderr } = await place.mlsys(['new', path, '--yes', '--no-setup', '--from', template], {
      cwd: root,
    });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('cd ') });
    expect(readLock(root).answers.project_name).toBe('in-place');
    expect(git(root, 'status', '--porcelain')).toBe('');
    expect(existsSync(join(root, '.mlsys-new'))).toBe(false);
  });

  it('quotes are shown around a folder that needs them', async () => {
    const parent = place.folder("it's here");
    const { stderr } = await place.mlsys(['new', "it's here/x", '--yes', '--no-setup', '--from', template]);
    expect(stderr).toContain(`cd 'it'\\''s here/x'`);
    expect(existsSync(join(parent, 'x', '.git'))).toBe(true);
  });

  it('a folder inside another repository gets a repository of its own', async () => {
    const outer = place.folder();
    git(outer, 'init', '--quiet');
    await make(join(outer, 'inner'));
    expect(git(join(outer, 'inner'), 'rev-list', '--count', 'HEAD')).toBe('1');
  });
});

describe('flags', () => {
  it('--dry-run shows the files and writes nothing', async () => {
    const parent = place.folder();
    const { exitCode, stdout } = await make(join(parent, 'x'), '--dry-run', '--branch', 'meadow');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/x in .*\n {2}main +\d+ files\n {2}forest +1 file\n {2}meadow +1 file$/);
    expect(filesBelow(parent)).toEqual([]);
  });

  it('--dry-run tells what the branches bring to each other', async () => {
    const args = ['new', 'x', '--dry-run', '--yes', '--branch', 'agentic', '--branch', 'chalk'];
    const { stdout } = await place.mlsys(args, { cwd: place.folder() });
    expect(stdout).toMatch(/\n\nTogether:\n {2}agentic \+ chalk: Agents read features/);
  });

  it('--dry-run --json shows what would be made, to a program', async () => {
    const parent = place.folder();
    const dry = JSON.parse((await make(join(parent, 'x'), '--dry-run', '--json')).stdout) as { files: object[] };
    const made = JSON.parse((await make(join(parent, 'x'), '--json')).stdout) as { files: object[] };
    expect(dry).toEqual(made);
    expect(made).toMatchObject({ path: join(parent, 'x'), branches: [], answers: { project_name: 'x', api: false } });
    expect(made.files).toContainEqual({ path: 'run.sh', mode: '100755', layer: 'main', bytes: 19 });
    expect(made.files).toHaveLength(filesBelow(join(parent, 'x')).length - 1);
  });

  it('--no-git writes the same files without a repository', async () => {
    const parent = place.folder();
    await make(join(parent, 'a/x'));
    const { exitCode } = await make(join(parent, 'b/x'), '--no-git');
    expect(exitCode).toBe(0);
    expect(existsSync(join(parent, 'b/x/.git'))).toBe(false);
    expect(inFolder(join(parent, 'b/x'))).toEqual(inFolder(join(parent, 'a/x')));
  });

  it('--branch in any order, by any name, and twice, makes the same project', async () => {
    const parent = place.folder();
    const ways = [
      ['--branch', 'forest', '--branch', 'meadow'],
      ['-b', 'meadow', '--branch', 'forest-system', '-b', 'main'],
      ['-b', 'meadow', '-b', 'meadow'],
    ];
    for (const [i, way] of ways.entries()) await make(join(parent, `${i}/x`), ...way);
    const [first, ...others] = ways.map((_, i) => inFolder(join(parent, `${i}/x`)));
    expect(readLock(join(parent, '0/x')).branches).toEqual(['forest', 'meadow']);
    for (const other of others) expect(other).toEqual(first);
  });

  it('--set package_name names the package', async () => {
    const root = join(place.folder(), 'json');
    const { exitCode } = await make(root, '--set', 'package_name=my_json');
    expect(exitCode).toBe(0);
    expect(existsSync(join(root, 'src/my_json/__init__.py'))).toBe(true);
  });
});
