import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot, temporaryFolder } from './context.js';
import { git, writeFiles } from './tiny-project.js';
import { runCli } from './run-cli.js';

/** A template repository with a base and a branch of its own, small enough to be read at a glance. */
export function makeTemplate(root = temporaryFolder()): string {
  const py = 'src/{{package_name}}';
  writeFiles(root, {
    'templates/base/layer.yaml': 'name: main\ntitle: Base\nsummary: A base\n',
    'templates/base/files/README.md.hbs': '# {{project_name}}\n\nOne.\n\nTwo.\n\nThree.\n\nFour.\n',
    'templates/base/files/pyproject.toml.hbs': '[project]\nname = {{toml project_name}}\nversion = "0.1.0"\n',
    [`templates/base/files/${py}/__init__.py`]: 'one = 1\n',
    [`templates/base/files/${py}/core.py`]: 'a = 1\nb = 2\nc = 3\nd = 4\ne = 5\n',
    'branches/agents/branch.yaml': 'name: agents\naliases: [agents-system]\ntitle: Agents\nsummary: Some\n',
    [`branches/agents/files/${py}/agents.py`]: 'agent = True\n',
    'branches/agents/files/tests/test_agents.py.hbs': 'from {{package_name}}.agents import agent\n',
  });
  git(root, 'init', '--quiet', '--initial-branch=main');
  release(root, 'v1.0.0');
  return root;
}

/** Commits what a template holds as a version of it. */
export function release(template: string, tag: string): void {
  git(template, 'add', '--all');
  git(template, 'commit', '--quiet', '--message', tag);
  git(template, 'tag', tag);
}

export function makeBare(folder = temporaryFolder()): string {
  mkdirSync(folder, { recursive: true });
  git(folder, 'init', '--quiet', '--bare', '--initial-branch=main');
  return folder;
}

export const publishTo = (bare: string, template?: string, ...flags: string[]) =>
  runCli(['branch', 'publish', '--to', bare, ...(template === undefined ? [] : ['--from', template]), ...flags], {
    cwd: bare,
    // Not a folder of the running test: a hook publishes for many tests.
    env: { ...process.env, NO_COLOR: '1', XDG_CACHE_HOME: join(bare, 'cache') },
  });

export function clone(bare: string, branch: string, name: string, ...flags: string[]): string {
  const parent = temporaryFolder();
  const folder = join(parent, name);
  git(parent, 'clone', '--quiet', '--branch', branch, ...flags, bare, folder);
  return folder;
}

const hasUnshare = spawnSync('unshare', ['-rn', 'true']).status === 0;

/** The environment of somebody who has Node and git and nothing else, and of whom git knows the name. */
export function bareEnvironment(more: readonly string[] = []): NodeJS.ProcessEnv {
  const home = temporaryFolder();
  const bin = join(home, 'bin');
  mkdirSync(bin);
  for (const name of ['git', 'dirname']) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(bin, name));
  }
  symlinkSync(process.execPath, join(bin, 'node'));
  writeFiles(home, {
    '.gitconfig': '[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n',
  });
  const proxy = 'http://127.0.0.1:9';
  return {
    HOME: home,
    PATH: [bin, ...more].join(':'),
    NO_COLOR: '1',
    ...(hasUnshare ? {} : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy, UV_HTTP_TIMEOUT: '2' }),
  };
}

const offline = (program: string, args: readonly string[]): [string, string[]] =>
  hasUnshare ? ['unshare', ['-rn', program, ...args]] : [program, [...args]];

const unshareFolder = hasUnshare
  ? [execFileSync('sh', ['-c', 'dirname $(command -v unshare)'], { encoding: 'utf8' }).trim()]
  : [];

/** Runs `./mlsys` (or another launcher) in a project with the network off. */
export function launch(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv, program = './mlsys') {
  const [command, rest] = offline(program, args);
  const { status, stdout, stderr } = spawnSync(absolute(command), rest, { cwd, env, encoding: 'utf8' });
  return { exitCode: status, stdout, stderr };
}

const absolute = (command: string): string =>
  command === 'unshare' ? join(unshareFolder[0] ?? '', 'unshare') : command;

/** Starts `./mlsys` as a process of its own that can be killed: the shell becomes the Node of mlsys. */
export const startLauncher = (cwd: string, args: readonly string[], env: NodeJS.ProcessEnv) =>
  spawn('./mlsys', args, { cwd, env, stdio: 'ignore' });

/** Every branch that this repository has, by the name that it is published under. */
export function builtinBranches(): { layer: string; published: string }[] {
  const list = JSON.parse(
    execFileSync(process.execPath, [join(packageRoot, 'dist', 'mlsys.js'), 'branch', 'list', '--json'], {
      encoding: 'utf8',
    }),
  ) as { name: string; aliases: string[] }[];
  const folders = readdirSync(join(packageRoot, 'branches'));
  if (list.length !== folders.length + 1) throw new Error('`branch list` does not show every folder of branches/');
  return list.map(({ name, aliases }) => ({ layer: name, published: aliases[0] ?? name }));
}
