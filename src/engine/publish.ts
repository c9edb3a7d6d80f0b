import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mergeCommits } from '../adapters/git/merge.js';
import { treeOf, type WrittenFile, type WriteOptions, writeCommits } from '../adapters/git/objects.js';
import {
  changedFiles,
  fetchHeads,
  guardedBranch,
  type Head,
  isAncestor,
  makeBareRepository,
  pushHeads,
  readHead,
  type Remote,
} from '../adapters/git/remote.js';
import type { GitCall } from '../adapters/git/run.js';
import { commitIdentity } from '../adapters/git/write.js';
import { loadTemplate } from '../adapters/source.js';
import type { Context } from '../context.js';
import { baseName } from '../core/layer.js';
import { type BranchStep, carriedFolder, isPublishMessage, planPublication, publishMessage } from '../core/publish.js';
import { parseSource, withoutCredentials } from '../core/source.js';
import type { TreeFile } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import type { TemplateRef } from '../schema/lock.js';
import { publicRef, renderBranches, type RenderedTrees } from './publish-trees.js';

export interface PublishedBranch extends BranchStep {
  /** The layer that it shows. */
  readonly layer: string;
  readonly tree: string;
  readonly from: string | undefined;
  readonly commit: string | undefined;
  /** How many files change against the branch as it was. */
  readonly files: number;
}

export interface Publication {
  readonly to: string;
  readonly version: string;
  readonly branches: readonly PublishedBranch[];
}

export interface PublishRequest {
  readonly to: string;
  readonly from: string;
  readonly dryRun: boolean;
}

/**
 *     template → trees, heads of the repository → plan → commits → push
 *
 * All of it happens in a bare repository that is thrown away: nothing is checked out anywhere.
 */
export async function publish(ctx: Context, { to, from, dryRun }: PublishRequest): Promise<Publication> {
  const remote = remoteOf(ctx, to);
  const loaded = await loadTemplate(ctx, from, { projectRoot: ctx.cwd, base: ctx.cwd });
  const ref = await publicRef(ctx, loaded);
  const trees = renderBranches(ctx, loaded, ref);
  const folder = mkdtempSync(join(tmpdir(), 'mlsys-publish-'));
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = ctx.onInterrupt(clean);
  try {
    const call: GitCall = { cwd: folder, env: ctx.env };
    await makeBareRepository(call);
    const options = { author: await commitIdentity(call), date: ctx.now() };
    const branches = await writeBranches(call, remote, trees, { ...options, ref });
    const moved = branches.filter(({ action }) => action !== 'unchanged');
    await refuseGuarded(call, remote, moved);
    if (!dryRun && moved.length > 0) {
      await pushHeads(call, remote, new Map(moved.map(({ name, commit }) => [name, commit ?? ''])));
    }
    return { to: withoutCredentials(remote.url), version: ref.version, branches };
  } finally {
    forget();
    clean();
  }
}

function remoteOf(ctx: Context, to: string): Remote {
  const spec = parseSource(to);
  if (spec.kind === 'builtin' || spec.ref !== undefined) {
    throw new MlsysError('usage', `${JSON.stringify(to)} names no repository to publish to`, {
      hint: 'mlsys branch publish --to <folder or git url>',
    });
  }
  if (spec.kind === 'git') return { url: spec.url, folder: undefined };
  const folder = resolve(ctx.cwd, spec.path.replace(/^~(?=$|\/)/, ctx.home));
  return { url: folder, folder };
}

const written = (files: ReadonlyMap<string, TreeFile>): [string, WrittenFile][] =>
  [...files].map(([path, { bytes, mode }]) => [path, { mode, content: { bytes } }]);

type CommitOptions = WriteOptions & { readonly ref: TemplateRef };

async function writeBranches(
  call: GitCall,
  remote: Remote,
  { carried, branches }: RenderedTrees,
  options: CommitOptions,
): Promise<PublishedBranch[]> {
  const names = branches.map(({ name }) => name);
  const heads = await readHeads(call, remote, names);
  const [copy = ''] = await writeCommits(call, [{ message: 'Copy', parents: [], files: written(carried) }], options);
  const subtrees = new Map([[carriedFolder, await treeOf(call, copy)]]);
  const drafts = await writeCommits(
    call,
    branches.map(({ name, files }) => ({ message: name, parents: [], subtrees, files: written(files) })),
    options,
  );
  const trees = await Promise.all(drafts.map((draft) => treeOf(call, draft)));
  const mainHead = heads.get(baseName)?.commit;
  const states = await Promise.all(
    branches.map(async ({ name }, i) => {
      const head = heads.get(name);
      const holdsMain = head !== undefined && mainHead !== undefined && (await isAncestor(call, mainHead, head.commit));
      return { name, tree: trees[i] ?? '', head, holdsMain };
    }),
  );
  const published: PublishedBranch[] = [];
  let main = mainHead ?? '';
  for (const [i, step] of planPublication(states).entries()) {
    const { tree = '', head } = states[i] ?? {};
    const commit = await writeBranch(call, { step, tree, head, main }, options);
    if (step.name === baseName) main = commit;
    const files = step.action === 'unchanged' ? 0 : (await changedFiles(call, head?.tree, tree)).length;
    published.push({ ...step, layer: branches[i]?.layer ?? '', tree, from: head?.commit, commit, files });
  }
  return published;
}

/** The heads of the branches. What somebody committed there by hand would be lost, so it stops everything. */
async function readHeads(call: GitCall, remote: Remote, names: readonly string[]): Promise<Map<string, Head>> {
  const heads = new Map<string, Head>();
  for (const [name, commit] of await fetchHeads(call, remote, names)) heads.set(name, await readHead(call, commit));
  const foreign = [...heads].filter(([, { message }]) => !isPublishMessage(message));
  if (foreign.length === 0) return heads;
  throw new MlsysError('git', `${withoutCredentials(remote.url)} has commits that mlsys did not publish`, {
    details: foreign.map(([name, { commit, message }]) => `${name}: ${commit.slice(0, 12)} ${message.split('\n')[0]}`),
    hint: 'publish to a repository that holds nothing else; bring changes into the template and take those commits back',
  });
}

interface BranchCommits {
  readonly step: BranchStep;
  readonly tree: string;
  readonly head: Head | undefined;
  /** The commit of main that the branch should stand on. */
  readonly main: string;
}

/** Writes what a branch needs and gives its head: main merged into it, and a commit that makes its tree the rendered one. */
async function writeBranch(
  call: GitCall,
  { step, tree, head, main }: BranchCommits,
  options: CommitOptions,
): Promise<string> {
  const { name, action, merge } = step;
  const commit = async (subject: string, parents: readonly string[], of: string): Promise<string> => {
    const message = publishMessage(subject, options.ref.version);
    const [id = ''] = await writeCommits(call, [{ message, parents, tree: of, files: [] }], options);
    return id;
  };
  if (head === undefined) {
    const parents = name === baseName ? [] : [main];
    return commit(`Publish ${name} ${options.ref.version}`, parents, tree);
  }
  if (action === 'unchanged') return head.commit;
  let top = head.commit;
  let topTree = head.tree;
  if (merge) {
    // Where git alone can't merge, the branch as it should be is the answer.
    const merged = await mergeCommits(call, top, main);
    topTree = merged.stages.length === 0 ? merged.tree : tree;
    top = await commit(`Merge branch 'main' into ${name}`, [top, main], topTree);
  }
  return topTree === tree ? top : commit(`Publish ${name} ${options.ref.version}`, [top], tree);
}

async function refuseGuarded(call: GitCall, remote: Remote, moved: readonly PublishedBranch[]): Promise<void> {
  const checkedOut = await guardedBranch(call, remote);
  if (checkedOut === undefined || !moved.some(({ name }) => name === checkedOut)) return;
  throw new MlsysError('git', `${checkedOut} is checked out in ${remote.url}, and its files would no longer fit it`, {
    hint: `publish to a bare repository (git init --bare), or let git follow: git -C '${remote.url}' config receive.denyCurrentBranch updateInstead`,
  });
}
