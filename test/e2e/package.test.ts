import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { workplace } from '../helpers/cli.js';
import { packageRoot } from '../helpers/context.js';

const place = workplace();
const onWindows = process.platform === 'win32';
const slow = 300_000;

/** npm as the person has it: their cache, registry and certificates. */
function run(cwd: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, XDG_CACHE_HOME: join(place.root, 'cache'), LOCALAPPDATA: join(place.root, 'cache'), ...env },
    encoding: 'utf8',
    shell: onWindows,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, stdout, stderr, error };
}

function done(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = run(cwd, command, args);
  expect({ command: [command, ...args].join(' '), status, stderr: status === 0 ? '' : stderr, error }).toEqual({
    ...{ command: [command, ...args].join(' '), status: 0, stderr: '', error: undefined },
  });
  return stdout;
}

/** The files of this repository as a commit of now would hold them. */
const sourceFiles = (...folders: string[]): string[] =>
  execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...folders], {
    cwd: packageRoot,
    encoding: 'utf8',
  })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(packageRoot, path)))
    .sort();

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}
let tarball = '';
let packed: Packed = { filename: '', files: [] };

beforeAll(() => {
  const folder = place.folder('packed');
  // The build is there, and tests of other files run it.
  const output = done(packageRoot, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  [packed = packed] = JSON.parse(output) as Packed[];
  tarball = join(folder, packed.filename);
}, slow);

describe('the package', () => {
  const below = (...folders: string[]): string[] =>
    packed.files.map(({ path }) => path).filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));

  it('holds every file of the templates and no other', () => {
    expect(below('templates', 'branches').sort()).toEqual(sourceFiles('templates', 'branches'));
  });

  it('holds no link, which npm leaves out', () => {
    expect(
      sourceFiles('templates', 'branches').filter((path) => lstatSync(join(packageRoot, path)).isSymbolicLink()),
    ).toEqual([]);
  });

  it('holds what it needs to run, and nothing of its own making', () => {
    const names = packed.files.map(({ path }) => path);
    expect(names).toEqual(
      expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'bin/mlsys.js', 'dist/mlsys.js']),
    );
    expect(names.filter((path) => /^(src|test|node_modules|\.ci|\.github)\/|\.map$|\.tgz$/.test(path))).toEqual([]);
  });

  it('needs no other package', () => {
    const { dependencies, optionalDependencies, scripts } = JSON.parse(
      readFileSync(join(packageRoot, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string> | undefined>;
    expect({ dependencies, optionalDependencies }).toEqual({});
    expect(Object.keys(scripts ?? {}).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });
});

describe('mlsys installed from its package', () => {
  let bin = '';
  beforeAll(() => {
    const prefix = place.folder('prefix');
    done(prefix, 'npm', 'install', '--global', '--offline', '--no-audit', '--no-fund', '--prefix', prefix, tarball);
    bin = join(prefix, onWindows ? 'mlsys.cmd' : 'bin/mlsys');
  }, slow);

  it('says its version, its help and its branches', () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
    const cwd = place.folder();
    expect(done(cwd, bin, '--version').trim()).toBe(version);
    expect(done(cwd, bin, '--help')).toMatch(/^Usage: mlsys/);
    expect(done(cwd, bin, 'branch', 'list')).toMatch(/^main .*\n(.*\n)*llm-finetuning /);
  });

  it('makes the same project as its source does', () => {
    const make = (...command: string[]): object => {
      const [program = '', ...args] = command;
      const root = place.folder();
      done(root, program, ...args, 'new', 'x', '--yes', '--no-setup', '--branch', 'llm-finetuning');
      expect(existsSync(join(root, 'x/.gitignore'))).toBe(true);
      expect(execFileSync('git', ['status', '--porcelain'], { cwd: join(root, 'x'), encoding: 'utf8' })).toBe('');
      return JSON.parse(readFileSync(join(root, 'x/.mlsys/lock.json'), 'utf8')) as object;
    };
    expect(make(bin)).toEqual(make(process.execPath, join(packageRoot, 'bin/mlsys.js')));
  });

  it('runs through npx', { timeout: slow }, () => {
    expect(done(place.folder(), 'npx', '--yes', '--offline', '--package', tarball, 'mlsys', 'branch', 'list')).toMatch(
      /^main /,
    );
    expect(done(place.folder(), 'npx', '--yes', '--offline', pathToFileURL(tarball).href, '--version')).toMatch(
      /^\d+\.\d+\.\d+/,
    );
  });

  it('never builds', () => {
    const { stderr } = run(place.folder(), bin, ['branch', 'list']);
    expect(stderr).toBe('');
  });
});

describe('a fresh clone of the source', () => {
  it('is built by the first command, which says so, and not by the next', { timeout: slow }, () => {
    const clone = place.folder('clone');
    for (const path of sourceFiles('.')) {
      mkdirSync(dirname(join(clone, path)), { recursive: true });
      copyFileSync(join(packageRoot, path), join(clone, path));
    }
    const launcher = join(clone, 'bin/mlsys.js');
    const first = run(clone, process.execPath, [launcher, 'branch', 'list']);
    expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(/^main /) });
    expect(first.stderr).toMatch(/source checkout without a build, it is made once\nmlsys: npm ci/);
    const second = run(clone, process.execPath, [launcher, 'branch', 'list']);
    expect(second).toMatchObject({ status: 0, stdout: first.stdout, stderr: '' });
  });
});
