import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import semver from 'semver';
import type { Context } from '../context.js';
import type { Template } from '../core/layer.js';
import { oldestMlsys } from '../core/manifest.js';
import { builtinSource, parseSource, type SourceSpec, withoutCredentials, workingTree } from '../core/source.js';
import type { TemplateStore } from '../core/store.js';
import { baseManifestFile, branchesFolder, branchManifestFile } from '../core/store.js';
import { MlsysError } from '../errors.js';
import type { TemplateRef } from '../schema/lock.js';
import { fetchRelease } from './release.js';
import { cloneMirror, fetchMirror } from './git/clone.js';
import { readTree } from './git/read.js';
import { type GitCall, gitText, runGit } from './git/run.js';
import { requireSignature } from './git/signature.js';
import { readBase, readTemplate } from './template.js';
import { folderStore, treeStore } from './template-store.js';

export interface LoadedTemplate {
  readonly template: Template;
  readonly ref: TemplateRef;
  /** Its files as they stand in the repository. */
  readonly store: TemplateStore;
  /** The source as this machine reaches it: `builtin`, a url or an absolute folder. */
  readonly origin: string;
}

export interface LoadOptions {
  /** Where the project is or will be: folders are recorded relative to it. */
  readonly projectRoot: string;
  /** The folder that a relative source starts from. */
  readonly base: string;
  /** The commit to read, where the lock names one. */
  readonly commit?: string | undefined;
  /** The release to read, where the template is mlsys' own. */
  readonly version?: string | undefined;
  /** Go to the newest version: the head of the branch that the source names, else the newest release. */
  readonly follow?: boolean | undefined;
  /** Whether to ask the server for news of a template that is in the cache. */
  readonly refresh?: boolean | undefined;
}

export function loadBuiltin(ctx: Context): LoadedTemplate {
  const store = folderStore(ctx.packageRoot);
  const template = readTemplate(store, 'the built-in template');
  return { template, ref: { source: builtinSource, version: ctx.version }, store, origin: builtinSource };
}

/** The built-in template of another release: that package, from the cache or from npm. */
async function loadRelease(ctx: Context, version: string): Promise<LoadedTemplate> {
  if (version === ctx.version) return loadBuiltin(ctx);
  const store = folderStore(await fetchRelease(ctx, version));
  const template = readFor(ctx, store, `mlsys ${version}`);
  return { template, ref: { source: builtinSource, version }, store, origin: builtinSource };
}

export async function loadTemplate(ctx: Context, source: string, options: LoadOptions): Promise<LoadedTemplate> {
  const spec = parseSource(source);
  const loaded = await loadSpec(ctx, spec, options);
  checkOldestVersion(ctx, loaded.template);
  return loaded;
}

function loadSpec(ctx: Context, spec: SourceSpec, options: LoadOptions): Promise<LoadedTemplate> | LoadedTemplate {
  switch (spec.kind) {
    case 'builtin':
      return loadRelease(ctx, options.version ?? ctx.version);
    case 'folder':
      return loadFolder(ctx, spec, options);
    case 'git':
      return loadGit(ctx, spec, options);
  }
}

async function loadFolder(
  ctx: Context,
  spec: SourceSpec & { kind: 'folder' },
  options: LoadOptions,
): Promise<LoadedTemplate> {
  const root = resolve(options.base, spec.path.replace(/^~(?=$|\/)/, ctx.home));
  if (!existsSync(root)) throw new MlsysError('template', `the template ${spec.path} is not there`);
  if (!statSync(root).isDirectory()) throw new MlsysError('template', `the template ${spec.path} is no folder`);
  const source = relative(options.projectRoot, root).split(sep).join('/') || '.';
  const call: GitCall = { cwd: root, env: ctx.env };
  if (spec.ref !== undefined || options.commit !== undefined) {
    const commit = await wantedCommit(call, { where: spec.path, ref: spec.ref ?? 'HEAD' }, options);
    return loadCommit(ctx, call, commit, { source, ref: spec.ref, origin: root });
  }
  const store = folderStore(root);
  const template = readFor(ctx, store, spec.path);
  const commit = await cleanCommit(call);
  const version = commit === undefined ? workingTree : await describe(call, commit);
  return { template, ref: { source, version, ...(commit === undefined ? {} : { commit }) }, store, origin: root };
}

/** HEAD, where the folder is the top of a repository and holds nothing that is not committed. */
async function cleanCommit(call: GitCall): Promise<string | undefined> {
  if (!existsSync(join(call.cwd, '.git'))) return undefined;
  const { exitCode, stdout } = await runGit(['status', '--porcelain', '--', 'templates', 'branches'], {
    ...call,
    accept: [128],
  });
  if (exitCode !== 0 || stdout.length > 0) return undefined;
  const head = await runGit(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { ...call, accept: [1, 128] });
  return head.exitCode === 0 ? head.stdout.toString().trim() : undefined;
}

function mirrorOf(ctx: Context, url: string): string {
  const key = createHash('sha256').update(withoutCredentials(url)).digest('hex').slice(0, 24);
  return join(ctx.cacheDir, 'templates', `${key}.git`);
}

/** Whether a template was fetched before, so that its commits can be read with no network. */
export const isCached = (ctx: Context, url: string): boolean => existsSync(mirrorOf(ctx, url));

async function loadGit(
  ctx: Context,
  spec: SourceSpec & { kind: 'git' },
  options: LoadOptions,
): Promise<LoadedTemplate> {
  const mirror = mirrorOf(ctx, spec.url);
  const call: GitCall = { cwd: mirror, env: ctx.env };
  const where = withoutCredentials(spec.url);
  if (!existsSync(mirror)) await cloneMirror(ctx, spec.url, mirror);
  else if (options.commit === undefined ? options.refresh !== false : !(await hasCommit(call, options.commit))) {
    await fetchMirror(ctx, spec.url, mirror);
  }
  const commit = await wantedCommit(call, { where, ref: spec.ref }, options);
  await requireSignature(call, commit, where);
  return loadCommit(ctx, call, commit, { source: where, ref: spec.ref, origin: spec.url });
}

/** The releases of a template by their tags, the newest first; none where it has no history here. */
export async function templateVersions(ctx: Context, source: string, base: string): Promise<string[]> {
  const spec = parseSource(source);
  if (spec.kind === 'builtin' || spec.ref !== undefined) return [];
  const folder =
    spec.kind === 'folder' ? resolve(base, spec.path.replace(/^~(?=$|\/)/, ctx.home)) : mirrorOf(ctx, spec.url);
  if (spec.kind === 'folder' && !existsSync(join(folder, '.git'))) return [];
  if (spec.kind === 'git') {
    if (existsSync(folder)) await fetchMirror(ctx, spec.url, folder);
    else await cloneMirror(ctx, spec.url, folder);
  }
  const tags = (await gitText(['tag', '--list'], { cwd: folder, env: ctx.env })).split('\n');
  return tags.filter((tag) => semver.valid(tag) !== null).sort(semver.rcompare);
}

interface Wanted {
  readonly where: string;
  readonly ref: string | undefined;
}

/** The commit that was asked for: a commit, a ref, else the newest release, else the default branch. */
async function wantedCommit(call: GitCall, { where, ref }: Wanted, { commit, follow }: LoadOptions): Promise<string> {
  if (commit !== undefined) return resolveCommit(call, commit, where);
  if (ref !== undefined && (follow !== true || (await hasCommit(call, `refs/heads/${ref}`))))
    return resolveCommit(call, ref, where);
  const tags = (await gitText(['tag', '--list'], call)).split('\n').filter((tag) => semver.valid(tag) !== null);
  const [newest] = tags.filter((tag) => semver.prerelease(tag) === null).sort(semver.rcompare);
  return resolveCommit(call, newest ?? 'HEAD', where);
}

async function hasCommit(call: GitCall, ref: string): Promise<boolean> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
  return (await runGit(args, { ...call, accept: [1, 128] })).exitCode === 0;
}

async function resolveCommit(call: GitCall, ref: string, where: string): Promise<string> {
  const candidates = [`refs/tags/${ref}`, `refs/heads/${ref}`, `refs/remotes/origin/${ref}`, ref];
  for (const candidate of candidates) {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`];
    const { exitCode, stdout } = await runGit(args, { ...call, accept: [1, 128] });
    if (exitCode === 0) return stdout.toString().trim();
  }
  throw new MlsysError('template', `${where} has no tag, branch or commit named ${JSON.stringify(ref.slice(0, 60))}`);
}

interface CommitOrigin {
  readonly source: string;
  readonly ref: string | undefined;
  readonly origin: string;
}

async function loadCommit(
  ctx: Context,
  call: GitCall,
  commit: string,
  { source, ref, origin }: CommitOrigin,
): Promise<LoadedTemplate> {
  const store = treeStore(await readTree(call, commit, ['templates', 'branches']));
  const template = readFor(ctx, store, `${source} at ${commit.slice(0, 12)}`);
  const version = await describe(call, commit);
  return { template, ref: { source, ...(ref === undefined ? {} : { ref }), version, commit }, store, origin };
}

/** The newest release that a commit is, or stands on; else the commit's own short name. */
async function describe(call: GitCall, commit: string): Promise<string> {
  return gitText(['describe', '--tags', '--always', '--abbrev=12', commit], call);
}

/** A template that only a newer mlsys can read is told from one that is faulty. */
function readFor(ctx: Context, store: TemplateStore, where: string): Template {
  try {
    return readTemplate(store, where, () => readBase(folderStore(ctx.packageRoot)));
  } catch (error) {
    for (const path of [baseManifestFile, ...store.folders(branchesFolder).map(branchManifestFile)]) {
      const text = store.text(path);
      if (text !== undefined) checkRange(ctx, path, oldestMlsys(text));
    }
    throw error;
  }
}

function checkOldestVersion(ctx: Context, template: Template): void {
  for (const { manifest } of [template.base, ...template.branches.values()]) {
    checkRange(ctx, manifest.name, manifest.requires.mlsys);
  }
}

function checkRange(ctx: Context, name: string, range: string | undefined): void {
  if (range === undefined || semver.validRange(range) === null) return;
  if (semver.satisfies(ctx.version, range, { includePrerelease: true })) return;
  throw new MlsysError('template', `${name} needs mlsys ${range}, this is ${ctx.version}`, {
    hint: 'update mlsys: npm install -g mlsys@latest',
  });
}
