import { basename } from 'node:path';
import { applyChange } from '../adapters/git/apply.js';
import { treeOf, type WrittenFile, writeCommits } from '../adapters/git/objects.js';
import { listEntries, readBlobs, readTree } from '../adapters/git/read.js';
import type { Repository } from '../adapters/git/repository.js';
import { gitText } from '../adapters/git/run.js';
import { commitIdentity } from '../adapters/git/write.js';
import { loadTemplate, templateVersions } from '../adapters/source.js';
import type { Context } from '../context.js';
import { type Clued, nearestOf, type Wanted } from '../core/adopt-candidates.js';
import { cluesOf, type Fit, fitOf } from '../core/adopt.js';
import type { Template } from '../core/layer.js';
import { parseLock } from '../core/lock.js';
import { lockOf, lockText } from '../core/project.js';
import { builtinSource } from '../core/source.js';
import { blobId, type Listing } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import { type Lock, lockPath, type TemplateRef } from '../schema/lock.js';
import { projectManifest, projectManifestPath } from '../schema/project.js';
import { oldBaseline } from './baseline.js';
import { refuseCollisions, refuseInProgress } from './collisions.js';

/** How many releases of a template are looked at, from the newest. */
const mostVersions = 12;

export interface AdoptRequest extends Wanted {
  readonly from: string | undefined;
}

/** A lock for a project that has none, with the tree that it stands for. */
export interface Adoption {
  readonly lock: Lock;
  readonly manifest: Uint8Array;
  readonly files: ReadonlyMap<string, WrittenFile>;
  readonly fit: Fit;
  /** The commit that had this lock, if it was found in the history. */
  readonly restored?: string;
}

export interface Adopted {
  readonly root: string;
  readonly repository: Repository;
  readonly head: string;
  /** The project's own tree in it. */
  readonly tree: string;
}

/** Finds the version, branches and answers of a template that come nearest to what a project has. */
export async function planAdoption(ctx: Context, adopted: Adopted, request: AdoptRequest): Promise<Adoption> {
  const { root, repository, head, tree } = adopted;
  const files = await listEntries(repository.call, tree);
  const former = await formerLock(repository, head);
  const isPlain = request.from === undefined && request.branches.length === 0 && request.given.size === 0;
  if (former?.manifest !== undefined && isPlain && request.name === undefined) {
    return restore(ctx, adopted, { ...former, manifest: former.manifest, files });
  }
  const texts = await textsOf(repository, files);
  const textOf = (blob: string): string | undefined => texts.get(blob);
  const toml = files.get('pyproject.toml');
  const clues = cluesOf(files.keys(), toml && textOf(toml.blob), basename(root));
  const clued: Clued = { files, textOf, clues, former: former?.lock };
  const nearest = await nearestOf(await versionsOf(ctx, root, request, former?.lock), request, clued);
  const { rendered, ref, fit } = nearest;
  const lock = lockOf(rendered, ref, ctx.version);
  const written = new Map(
    [...rendered.baseline].map(([path, { bytes, mode }]): [string, WrittenFile] => [
      path,
      { mode, content: { bytes } },
    ]),
  );
  const manifest = rendered.baseline.get(projectManifestPath)?.bytes ?? Buffer.alloc(0);
  return { lock, manifest, files: written, fit };
}

interface FormerLock {
  readonly lock: Lock;
  readonly commit: string;
  readonly manifest: Uint8Array | undefined;
}

/** The last lock that the history has and that can be read. */
async function formerLock({ call, prefix }: Repository, head: string): Promise<FormerLock | undefined> {
  const path = prefix + lockPath;
  const args = ['log', '--max-count=20', '--format=%H', '--diff-filter=AM', '-m', '--first-parent', head, '--', path];
  for (const commit of (await gitText(args, call)).split('\n')) {
    if (commit === '') continue;
    const tree = await readTree(call, commit, [path, prefix + projectManifestPath]);
    const bytes = tree.get(path)?.bytes;
    try {
      if (bytes === undefined) continue;
      const lock = parseLock(Buffer.from(bytes).toString());
      return { lock, commit, manifest: tree.get(prefix + projectManifestPath)?.bytes };
    } catch (error) {
      if (!(error instanceof MlsysError)) throw error;
    }
  }
  return undefined;
}

async function restore(
  ctx: Context,
  { root, repository }: Adopted,
  { lock, commit, manifest, files }: FormerLock & { readonly manifest: Uint8Array; readonly files: Listing },
): Promise<Adoption> {
  const project = { root, lock, manifest: projectManifest.parse(JSON.parse(Buffer.from(manifest).toString())) };
  const baseline = await oldBaseline(ctx, project, repository, { twoWay: true });
  if (baseline.lost.length > 0) {
    ctx.log.warn(`the template's former version of ${baseline.lost.length} files is nowhere to be found`);
  }
  const contents = await readBlobs(
    repository.call,
    [...baseline.files.values()].flatMap(({ content }) => ('blob' in content ? [content.blob] : [])),
  );
  const rendered = [...baseline.files].map(([path, { content, mode }]) => {
    const bytes = 'bytes' in content ? content.bytes : (contents.get(content.blob) ?? Buffer.alloc(0));
    return [path, { bytes, mode, layer: '', source: '', once: false }] as const;
  });
  const texts = await textsOf(repository, files);
  const fit = fitOf(new Map(rendered), files, (blob) => texts.get(blob), new Set([projectManifestPath]));
  return { lock, manifest, files: baseline.files, fit, restored: commit };
}

/** The texts of a project's files, by their ids. */
async function textsOf({ call }: Repository, files: Listing): Promise<Map<string, string>> {
  const blobs = await readBlobs(
    call,
    [...files.values()].map(({ blob }) => blob),
  );
  return new Map([...blobs].flatMap(([id, bytes]) => (bytes.includes(0) ? [] : [[id, bytes.toString()] as const])));
}

/** The versions to look at: the one of a former lock, else the releases from the newest, and the template as it is. */
async function* versionsOf(
  ctx: Context,
  root: string,
  { from }: AdoptRequest,
  former: Lock | undefined,
): AsyncIterable<{ readonly template: Template; readonly ref: TemplateRef }> {
  const options = { projectRoot: root, base: from === undefined ? root : ctx.cwd };
  if (from === undefined && former !== undefined) {
    const { source, ref, commit, version } = former.template;
    yield loadTemplate(ctx, ref === undefined ? source : `${source}#${ref}`, { ...options, commit, version });
    return;
  }
  const source = from ?? builtinSource;
  const seen = new Set<string>();
  for (const tag of (await templateVersions(ctx, source, options.base)).slice(0, mostVersions)) {
    const loaded = await loadable(() => loadTemplate(ctx, source, { ...options, commit: tag, refresh: false }));
    if (loaded?.ref.commit === undefined) continue;
    seen.add(loaded.ref.commit);
    yield loaded;
  }
  const current = await loadTemplate(ctx, source, options);
  if (current.ref.commit === undefined || !seen.has(current.ref.commit)) yield current;
}

/** An old release may be none that this mlsys can read. */
async function loadable<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof MlsysError) return undefined;
    throw error;
  }
}

/**
 * Commits the lock and the manifest, and nothing else. The baseline is a second parent, so that git keeps its objects for the
 * next update.
 */
export async function applyAdoption(ctx: Context, { repository, head }: Adopted, adoption: Adoption): Promise<void> {
  const { call, prefix } = repository;
  const { lock, manifest, files } = adoption;
  refuseInProgress(repository);
  const own = new Map([
    [prefix + lockPath, Buffer.from(lockText(lock))],
    [prefix + projectManifestPath, Buffer.from(manifest)],
  ]);
  const tree = await treeOf(call, head);
  const present = await listEntries(call, tree);
  const paths = [...own].flatMap(([path, bytes]) => (present.get(path)?.blob === blobId(bytes) ? [] : [path]));
  await refuseCollisions(repository, paths, { asMerge: false });
  const author = await commitIdentity(call);
  const { version } = lock.template;
  const layers = ['main', ...lock.branches].join(' + ');
  const message = `mlsys adopt: the project stands on template ${version}\n\nLayers: ${layers}\n`;
  const changes = [...own].map(([path, bytes]): [string, WrittenFile] => [
    path,
    { mode: '100644', content: { bytes } },
  ]);
  const commits = [
    { message: `Template ${version}`, parents: [], files },
    { message, parents: [head, 0], tree, files: changes },
  ];
  const [template = '', commit = ''] = await writeCommits(call, commits, { author, date: ctx.now() });
  await applyChange(repository, {
    command: 'adopt',
    head,
    tree: await treeOf(call, commit),
    commit,
    mergeHead: template,
    message,
    stages: [],
    paths,
  });
}
