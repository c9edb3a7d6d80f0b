import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { applyChange, type Change } from '../adapters/git/apply.js';
import { treeOf, type WrittenFile, writeCommits } from '../adapters/git/objects.js';
import { listTree } from '../adapters/git/read.js';
import { headOf, localChanges, operationInProgress, projectTree, type Repository } from '../adapters/git/repository.js';
import { gitText, runGit } from '../adapters/git/run.js';
import { commitIdentity } from '../adapters/git/write.js';
import type { Project } from '../adapters/project.js';
import type { Context } from '../context.js';
import type { ConflictStyle } from '../core/merge/conflict-text.js';
import { folderMoves, type Moves, moveListing, movePath } from '../core/moves.js';
import { buildPlan, changesNothing, type Plan } from '../core/plan.js';
import { lockOf, lockText, type Rendered } from '../core/project.js';
import { blobId, type TreeEntry } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import { type Lock, lockPath, type TemplateRef } from '../schema/lock.js';
import { projectManifestPath } from '../schema/project.js';
import { oldBaseline, type OldBaseline } from './baseline.js';
import { type Merged, mergeSides } from './merge.js';

/** What a project should become, and by which command. */
export interface Goal {
  readonly command: string;
  readonly rendered: Rendered;
  readonly ref: TemplateRef;
  /** Files that the target puts elsewhere, known from the template or from a migration. */
  readonly moves: Moves;
  readonly twoWay: boolean;
  /** Whether only the names of the project change, and no line for another reason. */
  readonly valuesOnly: boolean;
}

/** A merge that was worked out in the object store and can be applied. */
export interface Retarget {
  readonly plan: Plan;
  readonly lock: Lock;
  readonly head: string;
  readonly merged: Merged;
  readonly message: string;
  readonly command: string;
}

type Files = ReadonlyMap<string, TreeEntry & WrittenFile>;

/**
 *     old baseline, ours, target → merge in the object store → plan
 */
export async function planRetarget(
  ctx: Context,
  project: Project,
  repository: Repository,
  goal: Goal,
): Promise<Retarget> {
  const { call } = repository;
  const head = await headOf(repository);
  const [tree, old, author] = await Promise.all([
    projectTree(repository, head),
    oldBaseline(ctx, project, repository, { twoWay: goal.twoWay }),
    commitIdentity(call),
  ]);
  const listed = await listTree(call, tree);
  const ours = new Map(listed.map(({ path, blob, mode }): [string, TreeEntry] => [path, { blob, mode }]));
  const { sides, lock, moved } = arrange(project.lock, { old, ours, goal, mlsys: ctx.version });
  const message = messageOf(goal, project.lock);
  const merged = await mergeSides(
    call,
    { ...sides, ours: { tree, changes: moved } },
    {
      author,
      date: ctx.now(),
      messages: { old: `Template ${project.lock.template.version}`, next: `Template ${goal.ref.version}` },
      shown: {
        ours: 'yours',
        base: `template ${project.lock.template.version}`,
        theirs: `template ${goal.ref.version}`,
      },
      style: await conflictStyle(ctx, repository),
      valuesOnly: goal.valuesOnly,
    },
  );
  const plan = buildPlan({
    ours,
    merged: merged.listing,
    old: sides.old,
    next: sides.next,
    conflicts: merged.conflicts,
    moves: new Map(
      [...moved].flatMap(([to, file]) =>
        file === undefined ? [] : [[movedFrom(to, ours, goal.moves, sides), to] as const],
      ),
    ),
    hidden: new Set([lockPath, projectManifestPath]),
  });
  return { plan, lock, head, merged, message, command: goal.command };
}

/** The path that a moved file had: the one of our paths that the moves bring here. */
function movedFrom(
  to: string,
  ours: ReadonlyMap<string, TreeEntry>,
  moves: Moves,
  { next }: { readonly next: Files },
): string {
  const folders = folderMoves(moves, next.keys());
  return [...ours.keys()].find((path) => movePath(path, moves, folders) === to) ?? to;
}

interface Arrangement {
  readonly old: OldBaseline;
  readonly ours: ReadonlyMap<string, TreeEntry>;
  readonly goal: Goal;
  readonly mlsys: string;
}

/** The three sides, with moves already made on the old and on ours, and the lock as one of the files. */
function arrange(formerLock: Lock, { old, ours, goal, mlsys }: Arrangement) {
  const { rendered, ref, moves } = goal;
  const full = lockOf(rendered, ref, mlsys);
  const folders = folderMoves(moves, rendered.baseline.keys());
  const moveTo = (path: string): string => movePath(path, moves, folders);
  const formerFiles = new Map(Object.entries(formerLock.files).map(([path, entry]) => [moveTo(path), entry]));
  const knownLayers = new Set(['main', ...formerLock.branches]);
  const next = new Map<string, TreeEntry & WrittenFile>();
  const locked: Lock['files'] = {};
  for (const [path, { bytes, mode, once, layer }] of rendered.baseline) {
    const former = formerFiles.get(path);
    if (once && knownLayers.has(layer)) {
      // Its owner has had it since the project was made: no update touches it.
      if (former !== undefined) locked[path] = former;
      continue;
    }
    const blob = blobId(bytes);
    const known = old.files.get(path);
    next.set(path, { blob, mode, content: known?.blob === blob ? known.content : { bytes } });
    locked[path] = full.files[path] ?? { blob, mode };
  }
  const lock = { ...full, files: locked };
  const oldFiles = new Map<string, TreeEntry & WrittenFile>();
  for (const [path, file] of old.files) {
    const to = moveTo(path);
    const { once } = formerLock.files[path] ?? {};
    if (once && (rendered.baseline.has(to) || ours.get(path)?.blob !== file.blob)) continue;
    oldFiles.set(to, file);
  }
  withLock({ old: oldFiles, next, lock, ours });
  return { sides: { old: oldFiles, next }, lock, moved: movesOf(ours, moves, folders) };
}

/** The lock is merged like any file; both sides agree on its past, so the new one stands. */
function withLock({
  old,
  next,
  lock,
  ours,
}: {
  old: Map<string, TreeEntry & WrittenFile>;
  next: Map<string, TreeEntry & WrittenFile>;
  lock: Lock;
  ours: Arrangement['ours'];
}): void {
  const bytes = Buffer.from(lockText(lock));
  const current = ours.get(lockPath);
  if (current !== undefined) old.set(lockPath, { ...current, content: { blob: current.blob } });
  next.set(lockPath, { blob: blobId(bytes), mode: '100644', content: { bytes } });
}

function movesOf(
  ours: ReadonlyMap<string, TreeEntry>,
  moves: Moves,
  folders: ReadonlyMap<string, string>,
): Map<string, WrittenFile | undefined> {
  const changes = new Map<string, WrittenFile | undefined>();
  if (moves.size === 0) return changes;
  const moved = moveListing(ours, moves, folders);
  for (const path of ours.keys()) if (!moved.has(path)) changes.set(path, undefined);
  for (const [path, { mode, blob }] of moved) if (!ours.has(path)) changes.set(path, { mode, content: { blob } });
  return changes;
}

async function conflictStyle(ctx: Context, { top }: Repository): Promise<ConflictStyle> {
  // The person's own setting, which the neutral configuration hides from git.
  const { exitCode, stdout } = await runGit(['config', '--get-all', 'merge.conflictStyle'], {
    cwd: top,
    env: ctx.env,
    accept: [1],
  });
  const values = stdout.toString().trim().split('\n');
  return exitCode === 0 && /diff3$/.test(values.at(-2) ?? '') ? 'diff3' : 'merge';
}

function messageOf({ command, ref, rendered }: Goal, former: Lock): string {
  const from = former.template.version === ref.version ? '' : `from ${former.template.version} `;
  const layers = ['main', ...rendered.branches].join(' + ');
  return `mlsys ${command}: bring the project ${from}to template ${ref.version}\n\nLayers: ${layers}\n`;
}

export const isUpToDate = ({ plan, merged }: Retarget): boolean =>
  changesNothing(plan) && merged.ours.get(lockPath)?.blob === merged.listing.get(lockPath)?.blob;

export interface ApplyOptions {
  /** Leave a merge without conflicts uncommitted. */
  readonly commit: boolean;
}

/** Makes the plan real, or refuses before anything is written. */
export async function applyRetarget(
  ctx: Context,
  repository: Repository,
  retarget: Retarget,
  { commit }: ApplyOptions,
): Promise<void> {
  const { merged, head, message, command } = retarget;
  const { call, prefix } = repository;
  refuseInProgress(repository);
  const paths = touchedPaths(merged).map((path) => prefix + path);
  const conflicts = merged.conflicts.size > 0 || !commit;
  await refuseCollisions(repository, paths, { asMerge: conflicts });
  const author = await commitIdentity(call);
  const root =
    prefix === ''
      ? { tree: merged.tree }
      : { tree: await treeOf(call, head), subtrees: new Map([[prefix.slice(0, -1), merged.tree]]) };
  const commits = [{ message, parents: [head, merged.templateCommit], files: [], ...root }];
  const [whole = ''] = await writeCommits(call, commits, { author, date: ctx.now() });
  const change: Change = {
    command,
    head,
    tree: await gitText(['rev-parse', `${whole}^{tree}`], call),
    commit: conflicts ? undefined : whole,
    mergeHead: merged.templateCommit,
    message: conflictMessage(retarget),
    stages: merged.stages.map((stage) => ({ ...stage, path: prefix + stage.path })),
    paths,
  };
  await applyChange(repository, change);
}

function conflictMessage({ message, plan }: Retarget): string {
  if (plan.conflicts.length === 0) return message;
  return `${message}\n# Conflicts:\n${plan.conflicts.map(({ path }) => `#\t${path}\n`).join('')}`;
}

function touchedPaths({ ours, listing, conflicts }: Merged): string[] {
  const touched = new Set(conflicts.keys());
  for (const [path, entry] of listing) {
    const former = ours.get(path);
    if (former?.blob !== entry.blob || former.mode !== entry.mode) touched.add(path);
  }
  for (const path of ours.keys()) if (!listing.has(path)) touched.add(path);
  return [...touched].sort();
}

export function refuseInProgress(repository: Repository): void {
  const operation = operationInProgress(repository);
  if (operation === undefined) return;
  throw new MlsysError('git', `${operation.what} is in progress in this repository`, {
    hint: `end it first: ${operation.end}`,
  });
}

interface CollisionOptions {
  /** Whether the change is left as a merge in progress. */
  readonly asMerge: boolean;
}

/** Uncommitted work that the change would touch, and untracked files in its way, are named before anything is written. */
export async function refuseCollisions(
  repository: Repository,
  paths: readonly string[],
  { asMerge }: CollisionOptions,
): Promise<void> {
  const { top, call } = repository;
  const { changed, staged } = await localChanges(repository);
  const edited = paths.filter((path) => changed.has(path));
  if (edited.length > 0)
    throw collision('has changes that are not committed', edited, 'commit or stash them, then run the command again');
  if (asMerge && staged.size > 0) {
    throw collision(
      'is staged and would become a part of the merge',
      [...staged],
      'commit it, or take it back with git restore --staged',
    );
  }
  const tracked = new Set((await gitText(['ls-files', '-z', '--', '.'], call)).split('\0'));
  const inTheWay = paths.filter((path) => !tracked.has(path) && blocks(top, path, tracked));
  if (inTheWay.length > 0)
    throw collision(
      'is in the way, and git does not track it',
      inTheWay,
      'move it away or commit it, then run the command again',
    );
}

/** Whether something that git does not know stands where a file would go: the path itself, or a file where a folder is needed. */
function blocks(top: string, path: string, tracked: ReadonlySet<string>): boolean {
  if (lstatSync(join(top, path), { throwIfNoEntry: false }) !== undefined) return true;
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    const stat = lstatSync(join(top, folder), { throwIfNoEntry: false });
    if (stat !== undefined) return !stat.isDirectory() && !tracked.has(folder);
  }
  return false;
}

function collision(what: string, paths: readonly string[], hint: string): MlsysError {
  const [first = ''] = paths;
  const message = paths.length === 1 ? `${first} ${what}` : `${paths.length} files: each ${what}`;
  return new MlsysError('conflict', message, { details: paths.length === 1 ? [] : paths, hint });
}
