import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { runGit } from '../adapters/git/run.js';
import { openProject } from '../adapters/project.js';
import { loadTemplate } from '../adapters/source.js';
import { requireTemplateFolder } from '../adapters/template-folder.js';
import { rememberTrustOf } from '../adapters/trust.js';
import type { Context } from '../context.js';
import { baseName, findBranch, type Template } from '../core/layer.js';
import { packageNameOf, projectNames } from '../core/names.js';
import { parseSource } from '../core/source.js';
import { MlsysError } from '../errors.js';
import { lockPath } from '../schema/lock.js';
import { newCommand } from './new.js';
import { retargetCommand } from './retarget.js';
import { setupProject } from './setup.js';

export interface BranchDevOptions {
  readonly with: readonly string[];
  readonly path?: string;
  readonly setup?: boolean;
}

const devFolder = '.mlsys-dev';

/** Makes a project to work on a branch in, linked to its template, or brings the one that is there to what the template is now. */
export async function branchDev(ctx: Context, wanted: string, options: BranchDevOptions): Promise<number> {
  const root = requireTemplateFolder(ctx.cwd, 'go to one; `mlsys branch create <name> --init` starts one');
  const { template } = await loadTemplate(ctx, root, { projectRoot: root, base: root });
  const canonical = (given: string): string => (given === baseName ? given : findBranch(template, given).manifest.name);
  const name = canonical(wanted);
  const others = options.with.map(canonical);
  const target = options.path === undefined ? join(root, devFolder, name) : resolve(ctx.cwd, options.path);
  const isThere = existsSync(join(target, lockPath));
  if (options.path === undefined) hideFromGit(dirname(target));
  else await refuseSeenByGit(ctx, root, target);
  const dev: Dev = { root, target, name, others, setup: options.setup ?? true };
  const exitCode = isThere ? await refresh(ctx, dev) : await make(ctx, dev);
  if (exitCode === 0) sayNext(ctx, dev);
  return exitCode;
}

interface Dev {
  readonly root: string;
  readonly target: string;
  readonly name: string;
  readonly others: readonly string[];
  readonly setup: boolean;
}

async function make(ctx: Context, { root, target, name, others, setup }: Dev): Promise<number> {
  const quiet: Context = { ...ctx, log: { ...ctx.log, info: () => undefined } };
  await newCommand(quiet, target, {
    branch: [name, ...others],
    from: root,
    set: packageNameFor(target),
    yes: true,
    setup: false,
    git: true,
    run: undefined,
    taskArgs: [],
    dryRun: false,
    json: false,
    trust: false,
  });
  rememberTrustOf(ctx, openProject(target).lock.template, target);
  if (setup) await setupProject(ctx, target);
  return 0;
}

/** A branch may have a name that no Python package can have, such as that of a standard module. */
function packageNameFor(target: string): string[] {
  const name = basename(target);
  try {
    projectNames(name);
    return [];
  } catch (error) {
    if (!(error instanceof MlsysError)) throw error;
    return [`package_name=${packageNameOf(name)}_branch`];
  }
}

/** What was edited in the project stays, as in any sync. Without other branches named, it keeps those that it has. */
async function refresh(ctx: Context, { root, target, name, others, setup }: Dev): Promise<number> {
  const { template: link } = openProject(target).lock;
  const spec = parseSource(link.source);
  const linked = spec.kind === 'folder' ? resolve(target, spec.path) : link.source;
  if (!existsSync(linked) || realpathSync(linked) !== realpathSync(root)) {
    throw new MlsysError('target', `the project in ${target} comes from ${linked}, not from this template`, {
      hint: 'choose another folder with --path',
    });
  }
  const branches = (_: Template, present: readonly string[]): readonly string[] =>
    others.length === 0 && [baseName, ...present].includes(name) ? present : [name, ...others];
  const change = { command: 'branch dev', follow: true, branches, twoWay: false };
  return retargetCommand({ ...ctx, cwd: target }, () => change, { setup, trust: true });
}

/** A folder that says itself that git should not see it needs no line in anybody's .gitignore. */
function hideFromGit(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '.gitignore'), '*\n');
}

async function refuseSeenByGit(ctx: Context, root: string, target: string): Promise<void> {
  const inside = relative(root, target);
  if (inside.startsWith('..') || !existsSync(join(root, '.git'))) return;
  const args = ['check-ignore', '--quiet', '--', inside.split(sep).join('/')];
  const { exitCode } = await runGit(args, { cwd: root, env: ctx.env, accept: [1, 128] });
  if (exitCode === 0) return;
  throw new MlsysError('target', `${target} is in the template repository, where git would see it`, {
    hint: `leave --path out for a folder in ${devFolder}, choose one outside, or add this one to .gitignore`,
  });
}

function sayNext(ctx: Context, { root, target }: Dev): void {
  const folder = relative(ctx.cwd, target) || '.';
  ctx.log.info(
    [
      `the project is in ${folder}, linked to the template in ${root}`,
      '',
      'Next, in that folder:',
      '  mlsys run all-checks   # run its checks',
      '  mlsys diff             # what was edited',
      '  mlsys contribute       # bring it back into the template',
    ].join('\n'),
  );
}
