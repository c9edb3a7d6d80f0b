import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { createRepository } from '../adapters/git/write.js';
import { loadBuiltin, loadTemplate } from '../adapters/source.js';
import { checkTarget, makeFolder } from '../adapters/staging.js';
import { findTemplateFolder, requireTemplateFolder } from '../adapters/template-folder.js';
import { folderStore, treeStore } from '../adapters/template-store.js';
import type { Context } from '../context.js';
import { type BranchFacts, branchFacts, fillSkeleton, hiddenModule } from '../core/branch-create.js';
import { baseName, findBranch, stackLayers, type Template } from '../core/layer.js';
import { lintTemplate } from '../core/lint/lint.js';
import { branchesFolder } from '../core/store.js';
import { sortedByPath, type Tree } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import { describeCreated } from '../ui/branch-create.js';

export interface BranchCreateOptions {
  readonly extends?: string;
  readonly title?: string;
  readonly summary?: string;
  /** Start a template repository that holds only branches. */
  readonly init?: boolean;
  readonly in?: string;
}

/** Adds a branch to a template repository, or starts one with it. What it writes passes its own checks at once. */
export async function branchCreate(ctx: Context, name: string, options: BranchCreateOptions): Promise<number> {
  const facts = (below: string): BranchFacts => branchFacts(name, options, { extends: below, version: ctx.version });
  return options.init ? initRepository(ctx, facts, options) : addBranch(ctx, name, facts, options);
}

type Facts = (below: string) => BranchFacts;

async function addBranch(ctx: Context, name: string, facts: Facts, options: BranchCreateOptions): Promise<number> {
  const start = resolve(ctx.cwd, options.in ?? '.');
  const hint = `start one here with \`mlsys branch create ${name} --init\`, or name one with --in`;
  const root = requireTemplateFolder(start, hint);
  const { template } = await loadTemplate(ctx, root, { projectRoot: root, base: root });
  const below = options.extends ?? baseName;
  const layer = below === baseName ? undefined : findBranch(template, below);
  const filled = facts(layer?.manifest.name ?? baseName);
  refuseTaken(template, name, (owner) => `the template already has a branch ${owner}`);
  refuseTaken(loadBuiltin(ctx).template, name, (owner) => `mlsys itself brings a branch ${owner}`);
  const hidden = hiddenModule(stackLayers(template, layer === undefined ? [] : [layer.manifest.name]), name);
  if (hidden !== undefined) {
    throw new MlsysError('name', `the package of the branch ${name} would hide ${hidden}`, {
      hint: 'choose another name',
    });
  }
  const files = skeletonOf(ctx, 'layer', filled);
  const folder = join(root, branchesFolder, name);
  checkTarget(folder);
  checkFaults(ctx, root, name, files);
  await makeFolder(ctx, folder, (staging) => writeFiles(staging, files));
  ctx.log.info(describeCreated({ name, folder: relative(ctx.cwd, folder), files: files.size, cd: '' }));
  return 0;
}

async function initRepository(ctx: Context, facts: Facts, options: BranchCreateOptions): Promise<number> {
  const filled = facts(options.extends ?? baseName);
  const { name } = filled;
  if (filled.extends !== '') {
    throw new MlsysError('branch', `there is no branch ${filled.extends} in a repository that is only started`, {
      hint: 'its first branch stands on the base of mlsys: leave --extends out',
    });
  }
  const { template } = loadBuiltin(ctx);
  refuseTaken(template, name, (owner) => `mlsys itself brings a branch ${owner}`);
  const hidden = hiddenModule([template.base], name);
  if (hidden !== undefined) {
    throw new MlsysError('name', `the package of the branch ${name} would hide ${hidden} of the base`, {
      hint: 'choose another name',
    });
  }
  const target = resolve(ctx.cwd, options.in ?? '.');
  if (findTemplateFolder(target) === target) {
    throw new MlsysError('target', `${target} is a template repository already`, { hint: 'leave --init out' });
  }
  checkTarget(target);
  const layer = [...skeletonOf(ctx, 'layer', filled)].map(
    ([path, file]) => [`${branchesFolder}/${name}/${path}`, file] as const,
  );
  const files = sortedByPath([...skeletonOf(ctx, 'repository', filled), ...layer]);
  await makeFolder(ctx, target, async (folder) => {
    const call = { cwd: folder, env: ctx.env };
    const message = `Start the template with the branch ${name}\n`;
    await createRepository(call, {
      files,
      branch: 'main',
      message,
      date: ctx.now(),
    });
  });
  const folder = relative(ctx.cwd, join(target, branchesFolder, name));
  ctx.log.info(describeCreated({ name, folder, files: layer.length, cd: relative(ctx.cwd, target) }));
  return 0;
}

const skeletonOf = (ctx: Context, part: 'layer' | 'repository', facts: BranchFacts) =>
  fillSkeleton(folderStore(ctx.packageRoot).tree(`templates/branch/${part}`), facts);

function refuseTaken(template: Template, name: string, reason: (owner: string) => string): void {
  for (const { manifest } of template.branches.values()) {
    if (manifest.name !== name && !manifest.aliases.includes(name)) continue;
    throw new MlsysError(
      'branch',
      reason(manifest.name === name ? name : `${manifest.name}, which is also named ${name}`),
      {
        hint: 'choose another name; `mlsys branch list` shows those that are taken',
      },
    );
  }
}

/** Faults that the new branch would bring in, such as a file that another layer has. */
function checkFaults(ctx: Context, root: string, name: string, files: Tree): void {
  const store = folderStore(root);
  const folder = `${branchesFolder}/${name}`;
  const added = treeStore(new Map([...files].map(([path, file]) => [`${folder}/${path}`, file])));
  const both = {
    text: (path: string) => added.text(path) ?? store.text(path),
    folders: (path: string) => [...new Set([...store.folders(path), ...added.folders(path)])],
    tree: (path: string) => new Map([...store.tree(path), ...added.tree(path)]),
  };
  const faults = lintTemplate(both, folderStore(ctx.packageRoot)).filter(({ file }) => file.startsWith(`${folder}/`));
  if (faults.length === 0) return;
  throw new MlsysError('branch', `a branch ${name} does not fit into this template`, {
    details: faults.map(({ file, line, message }) => `${file}:${line}: ${message}`),
    hint: 'choose another name, or change what stands in its way',
  });
}

async function writeFiles(folder: string, files: Tree): Promise<void> {
  for (const [path, { bytes, mode }] of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), bytes, { mode: mode === '100755' ? 0o777 : 0o666 });
  }
}
