import { join } from 'node:path';
import { carriedVersion, dropKept, keepCarried } from '../adapters/carried.js';
import { applyChange } from '../adapters/git/apply.js';
import { treeOf, type WrittenCommit, type WrittenFile, writeCommits } from '../adapters/git/objects.js';
import { changedFiles } from '../adapters/git/remote.js';
import { listTree } from '../adapters/git/read.js';
import { headOf, type Repository } from '../adapters/git/repository.js';
import { runGit } from '../adapters/git/run.js';
import { commitIdentity } from '../adapters/git/write.js';
import type { Project } from '../adapters/project.js';
import { readTemplate } from '../adapters/template.js';
import { folderStore } from '../adapters/template-store.js';
import type { Context } from '../context.js';
import type { Answers } from '../core/answers.js';
import { driftOf, isCarried, isOwn, uvLockPath } from '../core/drift.js';
import { stackLayers, type Layer } from '../core/layer.js';
import { type Moves, movesBetween } from '../core/moves.js';
import { type ProjectNames, projectNames } from '../core/names.js';
import { buildPlan, type Plan } from '../core/plan.js';
import { lockOf, lockText, type Rendered, renderTarget } from '../core/project.js';
import { carriedFolder, launcherPath } from '../core/publish.js';
import type { TreeEntry } from '../core/tree.js';
import { lockPath } from '../schema/lock.js';
import { projectManifestPath } from '../schema/project.js';
import { refuseLoss } from './init-safety.js';
import { refuseCollisions, refuseInProgress } from './collisions.js';
import { planRetarget, type Retarget } from './retarget.js';
import type { Session } from './session.js';

export interface InitRequest {
  readonly names: ProjectNames;
  readonly given: ReadonlyMap<string, Answers[string]>;
  readonly keepHistory: boolean;
}

/** The project that a clone becomes, in the object store, where nothing of it can be seen yet. */
export interface InitPlan {
  readonly rendered: Rendered;
  readonly plan: Plan;
  readonly head: string;
  readonly commit: string;
  readonly message: string;
  readonly keepHistory: boolean;
  /** Whether `origin` becomes `upstream`. */
  readonly upstream: boolean;
  /** The merge of the person's own edits, if there are any. */
  readonly retarget: Retarget | undefined;
}

/** The layers of a clone, as the template that it carries has them. */
export const carriedLayers = ({ root, lock }: Project): Layer[] => stackLayers(carriedTemplate(root), lock.branches);

const carriedTemplate = (root: string) =>
  readTemplate(folderStore(join(root, carriedFolder)), `the template in ${carriedFolder}`);

/**
 *     carried template → rendered under the new names → tree → commit
 *
 * The template is the one that the clone carries, whichever mlsys runs: so nothing has to be fetched.
 */
export async function planInit(ctx: Context, session: Session, request: InitRequest): Promise<InitPlan> {
  const { project, repository } = session;
  const { root, lock } = project;
  refuseInProgress(repository);
  const template = carriedTemplate(root);
  const { project_name, package_name, ...former } = lock.answers;
  const target = { template, branches: lock.branches, former };
  const rendered = renderTarget({ ...target, names: request.names, given: request.given });
  const before = renderTarget({
    ...target,
    names: projectNames(String(project_name), String(package_name)),
    given: new Map(),
  });
  const head = await headOf(repository);
  const files = await committedFiles(repository, head);
  const edited = driftOf(new Map(Object.entries(lock.files)), files, isOfClone).filter(
    ({ state }) => state !== 'as template',
  );
  if (!request.keepHistory) await refuseLoss(repository, edited);
  const moves = movesBetween(before.baseline, rendered.baseline);
  const carried = { ...ctx, version: carriedVersion(root) ?? ctx.version };
  const retarget =
    edited.length === 0
      ? undefined
      : await planRetarget(carried, project, repository, {
          command: 'init',
          rendered,
          ref: lock.template,
          moves,
          twoWay: false,
          valuesOnly: request.given.size === 0,
        });
  const content =
    retarget === undefined
      ? renderedCommit(rendered, { project, files, mlsys: carried.version })
      : mergedCommit(retarget, files);
  const { keepHistory } = request;
  const message = messageOf(rendered, project);
  const written = { message, parents: keepHistory ? [head] : [], ...content };
  const author = await commitIdentity(repository.call);
  const [commit = ''] = await writeCommits(repository.call, [written], { author, date: ctx.now() });
  const plan = retarget?.plan ?? planOf(files, await committedFiles(repository, commit), moves);
  const upstream = await canRenameOrigin(repository);
  return { rendered, plan, head, commit, message, keepHistory, upstream, retarget };
}

type Files = ReadonlyMap<string, TreeEntry>;

async function committedFiles({ call }: Repository, head: string): Promise<Map<string, TreeEntry>> {
  return new Map((await listTree(call, head)).map(({ path, blob, mode }) => [path, { blob, mode }]));
}

/** A clone has a launcher of the published branch, which is nobody's edit either. */
const isOfClone = (path: string): boolean => path === launcherPath || isOwn(path);

type Content = Pick<WrittenCommit, 'tree' | 'files'>;

interface RenderedFacts {
  readonly project: Project;
  readonly files: Files;
  readonly mlsys: string;
}

/** The tree of a clone that nobody edited: as `mlsys new` would have made it. */
function renderedCommit(rendered: Rendered, { project, files, mlsys }: RenderedFacts): Content {
  const lock = Buffer.from(lockText(lockOf(rendered, project.lock.template, mlsys)));
  const launcher = files.get(launcherPath);
  const content = new Map<string, WrittenFile>();
  // The launcher, where the template has none of its own.
  if (launcher !== undefined) content.set(launcherPath, { mode: launcher.mode, content: { blob: launcher.blob } });
  for (const [path, { bytes, mode }] of rendered.baseline) content.set(path, { mode, content: { bytes } });
  content.set(lockPath, { mode: '100644', content: { bytes: lock } });
  return { files: content };
}

/** The tree of a clone with edits: merged, without what the clone carried. */
const mergedCommit = ({ merged }: Retarget, files: Files): Content => ({
  tree: merged.tree,
  files: [...files.keys()].filter((path) => isCarried(path) || path === uvLockPath).map((path) => [path, undefined]),
});

/** What happens to the files of a clone that nobody edited. */
function planOf(files: Files, next: Files, moves: Moves): Plan {
  const carried = [...files.keys()].filter(isCarried);
  return buildPlan({
    ours: files,
    merged: next,
    old: files,
    next,
    conflicts: new Map(),
    moves,
    renames: { yours: new Map(), template: new Map() },
    hidden: new Set([lockPath, projectManifestPath, uvLockPath, ...carried]),
  });
}

/**
 *     commit → work tree → refs and remotes
 *
 * The carried copy is kept in the git folder until all is done, for the launcher of whoever is interrupted.
 */
export async function applyInit(ctx: Context, { project, repository }: Session, init: InitPlan): Promise<void> {
  const { call } = repository;
  const { head, commit, message, keepHistory, upstream, retarget } = init;
  const tree = await treeOf(call, commit);
  const conflicts = init.plan.conflicts.map(({ path }) => path);
  const paths = [...new Set([...(await changedFiles(call, head, tree)), ...conflicts])];
  const asMerge = conflicts.length > 0;
  await refuseCollisions(repository, paths, { asMerge });
  keepCarried(ctx, project.root, repository);
  await applyChange(repository, {
    command: 'init',
    head,
    tree,
    commit: asMerge ? undefined : commit,
    mergeHead: retarget?.merged.templateCommit ?? head,
    message,
    stages: retarget?.merged.stages ?? [],
    paths,
    parting: { root: keepHistory ? undefined : commit, renameOrigin: upstream },
  });
  dropKept(repository);
}

function messageOf({ branches }: Rendered, { lock: { template } }: Project): string {
  const layers = ['main', ...branches].join(' + ');
  return `Create the project from ${layers}\n\nTemplate ${template.source} ${template.version}\n`;
}

/** An `upstream` that is there already is the person's own; then the remotes stay as they are. */
async function canRenameOrigin({ call }: Repository): Promise<boolean> {
  const { stdout } = await runGit(['remote'], call);
  const remotes = stdout.toString().split('\n');
  return remotes.includes('origin') && !remotes.includes('upstream');
}
