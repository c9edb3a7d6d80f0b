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
import { driftOf } from '../core/drift.js';
import { stackLayers, type Layer } from '../core/layer.js';
import { movesBetween } from '../core/moves.js';
import { type ProjectNames, projectNames } from '../core/names.js';
import type { Plan } from '../core/plan.js';
import { lockOf, lockText, type Rendered, renderTarget } from '../core/project.js';
import { carriedFolder, launcherPath } from '../core/publish.js';
import type { TreeEntry } from '../core/tree.js';
import { lockPath } from '../schema/lock.js';
import { uvLockPath, refuseLoss } from './init-safety.js';
import { refuseCollisions, refuseInProgress } from './collisions.js';
import { planRetarget, type Retarget } from './retarget.js';
import type { Session } from './session.js';

export interface InitRequest {
  readonly names: ProjectNames;
  readonly given: ReadonlyMap<string, Answers[string]>;
  readonly keepHistory: boolean;
}

export interface Initialised {
  readonly rendered: Rendered;
  /** What of the person's own edits could not be merged. */
  readonly conflicts: Plan['conflicts'];
  readonly upstream: boolean;
}

/** The layers of a clone, as the template that it carries has them. */
export const carriedLayers = ({ root, lock }: Project): Layer[] => stackLayers(carriedTemplate(root), lock.branches);

const carriedTemplate = (root: string) =>
  readTemplate(folderStore(join(root, carriedFolder)), `the template in ${carriedFolder}`);

/**
 *     carried template → rendered under the new names → tree → commit → work tree → refs and remotes
 *
 * The template is the one that the clone carries, whichever mlsys runs: so nothing has to be fetched. The copy is kept in the
 * git folder until all is done, for the launcher of whoever is interrupted.
 */
export async function initialise(ctx: Context, session: Session, request: InitRequest): Promise<Initialised> {
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
  const edited = driftOf(new Map(Object.entries(lock.files)), files, ownFiles(files)).filter(
    ({ state }) => state !== 'as template',
  );
  if (!request.keepHistory) await refuseLoss(repository, edited);
  const carried = { ...ctx, version: carriedVersion(root) ?? ctx.version };
  const retarget =
    edited.length === 0
      ? undefined
      : await planRetarget(carried, project, repository, {
          command: 'init',
          rendered,
          ref: lock.template,
          moves: movesBetween(before.baseline, rendered.baseline),
          twoWay: false,
          valuesOnly: request.given.size === 0,
        });
  const commit =
    retarget === undefined
      ? renderedCommit(rendered, { project, files, mlsys: carried.version })
      : mergedCommit(retarget, files);
  return apply(ctx, session, { request, rendered, retarget, commit, head });
}

type Files = ReadonlyMap<string, TreeEntry>;

async function committedFiles({ call }: Repository, head: string): Promise<Map<string, TreeEntry>> {
  return new Map((await listTree(call, head)).map(({ path, blob, mode }) => [path, { blob, mode }]));
}

const isCarried = (path: string): boolean => path.startsWith(`${carriedFolder}/`);

/** What a clone holds beside the baseline without anyone having edited it. */
const ownFiles = (files: Files): Set<string> =>
  new Set([lockPath, launcherPath, uvLockPath, ...[...files.keys()].filter(isCarried)]);

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

interface Application {
  readonly request: InitRequest;
  readonly rendered: Rendered;
  readonly retarget: Retarget | undefined;
  readonly commit: Content;
  readonly head: string;
}

async function apply(
  ctx: Context,
  { project, repository }: Session,
  { request, rendered, retarget, commit, head }: Application,
): Promise<Initialised> {
  const { call } = repository;
  const { keepHistory } = request;
  const message = messageOf(rendered, project);
  const parents = keepHistory ? [head] : [];
  const options = { author: await commitIdentity(call), date: ctx.now() };
  const [id = ''] = await writeCommits(call, [{ message, parents, ...commit }], options);
  const tree = await treeOf(call, id);
  const conflicts = retarget?.plan.conflicts ?? [];
  const paths = [...new Set([...(await changedFiles(call, head, tree)), ...conflicts.map(({ path }) => path)])];
  const asMerge = conflicts.length > 0;
  await refuseCollisions(repository, paths, { asMerge });
  const upstream = await canRenameOrigin(repository);
  keepCarried(ctx, project.root, repository);
  await applyChange(repository, {
    command: 'init',
    head,
    tree,
    commit: asMerge ? undefined : id,
    mergeHead: retarget?.merged.templateCommit ?? head,
    message,
    stages: retarget?.merged.stages ?? [],
    paths,
    parting: { root: keepHistory ? undefined : id, renameOrigin: upstream },
  });
  dropKept(repository);
  return { rendered, conflicts, upstream };
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
