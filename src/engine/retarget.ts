import { applyChange, type Change } from '../adapters/git/apply.js';
import { treeOf, writeCommits } from '../adapters/git/objects.js';
import { listEntries } from '../adapters/git/read.js';
import { headAndTree, type Repository } from '../adapters/git/repository.js';
import { runGit } from '../adapters/git/run.js';
import { commitIdentity, type Identity } from '../adapters/git/write.js';
import type { Project } from '../adapters/project.js';
import type { Context } from '../context.js';
import type { ConflictStyle } from '../core/merge/conflict-text.js';
import type { Moves } from '../core/moves.js';
import { buildPlan, changesNothing, type Plan } from '../core/plan.js';
import type { Rendered } from '../core/project.js';
import { workingTree } from '../core/source.js';
import type { Listing } from '../core/tree.js';
import { type Lock, lockPath, type TemplateRef } from '../schema/lock.js';
import { projectManifestPath } from '../schema/project.js';
import { arrange } from './arrange.js';
import { oldBaseline } from './baseline.js';
import { refuseCollisions, refuseInProgress } from './collisions.js';
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
  readonly head: string;
  /** The project's files in HEAD. */
  readonly ours: Listing;
  readonly merged: Merged;
  readonly author: Identity;
  readonly message: string;
  readonly command: string;
}

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
  const [{ head, tree }, old, author, style] = await Promise.all([
    headAndTree(repository),
    oldBaseline(ctx, project, repository, { twoWay: goal.twoWay }),
    commitIdentity(call),
    conflictStyle(ctx, repository),
  ]);
  const ours = await listEntries(call, tree);
  const {
    old: before,
    next,
    ours: moved,
    ...arranged
  } = arrange(project.lock, { old, ours, goal, mlsys: ctx.version });
  const versions = { old: project.lock.template.version, next: goal.ref.version };
  const merged = await mergeSides(
    call,
    { old: before, next, ours: { tree, ...moved } },
    {
      author,
      date: ctx.now(),
      messages: { old: `Template ${versions.old}`, next: `Template ${versions.next}` },
      shown: { ours: 'yours', base: `template ${versions.old}`, theirs: `template ${versions.next}` },
      style,
      valuesOnly: goal.valuesOnly,
      knowsMoves: isSameTemplate(goal.ref, project.lock.template),
    },
  );
  const plan = buildPlan({
    ours,
    merged: merged.listing,
    old: before,
    next,
    conflicts: merged.conflicts,
    moves: arranged.moved,
    renames: merged.renames,
    hidden: new Set([lockPath, projectManifestPath]),
  });
  return { plan, head, ours, merged, author, message: messageOf(goal, project.lock), command: goal.command };
}

/** One version of a template knows where each of its files goes; between two versions git has to guess. */
const isSameTemplate = (a: TemplateRef, b: TemplateRef): boolean =>
  a.source === b.source && a.version === b.version && a.commit === b.commit && a.version !== workingTree;

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

export const isUpToDate = ({ plan, ours, merged }: Retarget): boolean =>
  changesNothing(plan) && ours.get(lockPath)?.blob === merged.listing.get(lockPath)?.blob;

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
  const { merged, head, message, command, author } = retarget;
  const { call, prefix } = repository;
  refuseInProgress(repository);
  const paths = touchedPaths(retarget).map((path) => prefix + path);
  const asMerge = merged.conflicts.size > 0 || !commit;
  await refuseCollisions(repository, paths, { asMerge });
  const headTree = prefix === '' ? undefined : await treeOf(call, head);
  const root =
    headTree === undefined
      ? { tree: merged.tree }
      : { tree: headTree, subtrees: new Map([[prefix.slice(0, -1), merged.tree]]) };
  const commits = [{ message, parents: [head, merged.templateCommit], files: [], ...root }];
  const [whole = ''] = await writeCommits(call, commits, { author, date: ctx.now() });
  const change: Change = {
    command,
    head,
    tree: headTree === undefined ? merged.tree : await treeOf(call, whole),
    commit: asMerge ? undefined : whole,
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

function touchedPaths({ ours, merged: { listing, conflicts } }: Retarget): string[] {
  const touched = new Set(conflicts.keys());
  for (const [path, entry] of listing) {
    const former = ours.get(path);
    if (former?.blob !== entry.blob || former.mode !== entry.mode) touched.add(path);
  }
  for (const path of ours.keys()) if (!listing.has(path)) touched.add(path);
  return [...touched].sort();
}
