import { Command } from 'commander';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Context, ownVersion } from '../../src/context.js';
import { describeError } from '../../src/ui/error.js';
import { wireProject } from '../../src/wire/create.js';
import { wireExchange } from '../../src/wire/exchange.js';
import { wireLifecycle } from '../../src/wire/lifecycle.js';
import { packageRoot, temporaryFolder } from './context.js';
import { type GivenFile, type GivenFiles, writeTree } from './template.js';

/** Files by path; `undefined` takes one away. */
export type Changes = Readonly<Record<string, GivenFile | undefined>>;

export interface Outcome {
  readonly code: number;
  /** Standard output. */
  readonly out: string;
  /** Everything else that was said, errors too. */
  readonly err: string;
}

/** Runs a command through the real command line, in this process. */
export async function runCommand(ctx: Context, args: readonly string[]): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const said: Context = {
    ...ctx,
    print: (text) => void out.push(text),
    log: { info: (text) => void err.push(text), warn: (text) => void err.push(`warning: ${text}`) },
  };
  let code = 0;
  const call = async (run: () => Promise<number>): Promise<void> => {
    code = await run();
  };
  const program = new Command('mlsys').enablePositionalOptions().exitOverride();
  wireProject({ program, ctx: said, call });
  wireLifecycle({ program, ctx: said, call });
  wireExchange({ program, ctx: said, call });
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    const { text, exitCode } = describeError(error);
    err.push(text);
    code = exitCode;
  }
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const person = '[user]\n\tname = Ada\n\temail = ada@example.com\n[init]\n\tdefaultBranch = main\n';

/** The environment of a person whose git knows them, and nothing of the machine. */
export function personOf(home: string, gitConfig = ''): NodeJS.ProcessEnv {
  const config = join(home, 'gitconfig');
  writeFileSync(config, person + gitConfig);
  const { PATH, TMPDIR } = process.env;
  return { PATH, TMPDIR, HOME: home, GIT_CONFIG_GLOBAL: config, GIT_CONFIG_NOSYSTEM: '1', NO_COLOR: '1' };
}

/** Git as that person types it: with their configuration, unlike the git that mlsys calls. */
export const gitOf =
  (cwd: string, env: NodeJS.ProcessEnv) =>
  (...args: string[]): string =>
    execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).replace(/\n$/, '');

export function change(root: string, files: Changes): void {
  for (const [path, given] of Object.entries(files)) {
    rmSync(join(root, path), { recursive: true, force: true });
    if (given === undefined) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeTree(root, { [path]: given });
  }
}

const at = (folder: string, files: Changes): Changes =>
  Object.fromEntries(Object.entries(files).map(([path, given]) => [`${folder}/${path}`, given]));

/** Files of the base, by the paths that they have in a project. */
export const base = (files: Changes): Changes => at('templates/base/files', files);

/** A branch with its manifest. */
export const branch = (name: string, files: Changes, manifest = ''): Changes => ({
  [`branches/${name}/branch.yaml`]: `name: ${name}\ntitle: ${name}\nsummary: Brings ${name}\n${manifest}`,
  ...at(`branches/${name}/files`, files),
});

export const baseManifest = (more = ''): GivenFiles => ({
  'templates/base/layer.yaml': `name: main\ntitle: Base\nsummary: A project\n${more}`,
});

export interface LifeOptions {
  /** Lines for the person's own git configuration. */
  readonly gitConfig?: string;
  /** More words for `mlsys new`. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Make a template that is a folder and no repository. */
  readonly plainTemplate?: boolean;
  /** Take the template as a git url, so that it is cloned. */
  readonly byUrl?: boolean;
  /** The folder for everything; else one that is gone after the test. */
  readonly root?: string;
}

/** A template, a project made from its version v1.0.0, and the person who works in it. */
export interface Life {
  readonly root: string;
  readonly ctx: Context;
  readonly env: NodeJS.ProcessEnv;
  readonly template: string;
  readonly project: string;
  readonly mlsys: (...args: string[]) => Promise<Outcome>;
  /** Git in the project. */
  readonly git: (...args: string[]) => string;
  readonly templateGit: (...args: string[]) => string;
  /** Changes the template and tags it. */
  readonly release: (version: string, files: Changes) => void;
  /** Changes files of the project and commits them. */
  readonly edit: (files: Changes, message?: string) => void;
  readonly write: (files: Changes) => void;
  readonly read: (path: string) => string;
  readonly exists: (path: string) => boolean;
  /** The same life seen from another folder. */
  readonly in: (folder: string) => Life;
}

function lifeIn(life: Pick<Life, 'root' | 'ctx' | 'env' | 'template' | 'templateGit'>, project: string): Life {
  const { template, templateGit, env } = life;
  const ctx = { ...life.ctx, cwd: project };
  const git = gitOf(project, env);
  return {
    ...life,
    ctx,
    project,
    git,
    mlsys: (...args) => runCommand(ctx, args),
    release: (version, files) => {
      change(template, files);
      templateGit('add', '--all');
      templateGit('commit', '--quiet', '--allow-empty', '--message', version);
      templateGit('tag', version);
    },
    edit: (files, message = 'Mine') => {
      change(project, files);
      git('add', '--all');
      git('commit', '--quiet', '--message', message);
    },
    write: (files) => change(project, files),
    read: (path) => readFileSync(join(project, path), 'utf8'),
    exists: (path) => lstatSync(join(project, path), { throwIfNoEntry: false }) !== undefined,
    in: (folder) => lifeIn(life, folder),
  };
}

export async function startLife(files: Changes, options: LifeOptions = {}): Promise<Life> {
  const root = options.root ?? temporaryFolder();
  const template = join(root, 'template');
  const home = join(root, 'home');
  mkdirSync(template, { recursive: true });
  mkdirSync(home, { recursive: true });
  const env = { ...personOf(home, options.gitConfig), ...options.env };
  const ctx: Context = {
    cwd: root,
    env,
    platform: process.platform,
    home,
    cacheDir: join(home, 'cache'),
    configDir: join(home, 'config'),
    packageRoot,
    version: ownVersion(packageRoot),
    print: () => undefined,
    log: { info: () => undefined, warn: () => undefined },
    interactive: false,
    now: () => new Date('2026-01-02T03:04:05Z'),
    onInterrupt: () => () => undefined,
  };
  const plain = personOf(home, options.gitConfig);
  const life = lifeIn(
    { root, ctx, env: plain, template, templateGit: gitOf(template, plain) },
    join(root, 'my-project'),
  );
  const all = { ...baseManifest(), ...files };
  if (options.plainTemplate) change(template, all);
  else {
    life.templateGit('init', '--quiet');
    life.release('v1.0.0', all);
  }
  const source = options.byUrl ? pathToFileURL(template).href : './template';
  const args = ['new', 'my-project', '--from', source, '--yes', '--no-setup', ...(options.args ?? [])];
  const { code, err } = await runCommand({ ...ctx, cwd: root }, args);
  if (code !== 0) throw new Error(err);
  return life;
}

/** Every byte below a folder, with modes and the targets of links, by path; of git's folder all but what git may refresh. */
export function snapshot(root: string, below = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(root, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    if (path === '.git/index') continue;
    const full = join(root, path);
    const stat = lstatSync(full);
    if (stat.isDirectory()) Object.assign(found, snapshot(root, path));
    else if (stat.isSymbolicLink()) found[path] = `link ${readlinkSync(full)}`;
    else found[path] = `${(stat.mode & 0o777).toString(8)} ${readFileSync(full, 'latin1')}`;
  }
  return found;
}

/** The same without git's folder. */
export function workTree(root: string): Record<string, string> {
  return Object.fromEntries(Object.entries(snapshot(root)).filter(([path]) => !path.startsWith('.git/')));
}

/** Twenty numbered lines, some of them replaced. */
export const lines = (changed: Readonly<Record<number, string>> = {}): string =>
  Array.from({ length: 20 }, (_, i) => `${changed[i + 1] ?? `line ${i + 1}`}\n`).join('');

/** A file of dependencies, as a template has it and as both sides add to it. */
export const requirements = (...names: string[]): string =>
  `[project]\nname = "x"\ndependencies = [\n${names.map((name) => `  "${name}",\n`).join('')}]\n`;
