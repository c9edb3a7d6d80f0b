import { existsSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { listEntries, readBlobs } from '../adapters/git/read.js';
import type { Repository } from '../adapters/git/repository.js';
import { type GitCall, gitText } from '../adapters/git/run.js';
import { snapshotTree } from '../adapters/git/snapshot.js';
import { commitIdentity } from '../adapters/git/write.js';
import type { Project } from '../adapters/project.js';
import { type LoadedTemplate, loadTemplate } from '../adapters/source.js';
import { findTemplateFolder } from '../adapters/template-folder.js';
import type { Context } from '../context.js';
import { type Answers, collectQuestions, parseAnswer } from '../core/answers.js';
import { compose } from '../core/compose.js';
import { findChanges, type MergedProject } from '../core/contribute/changes.js';
import { type Contribution, contributionOf, type LeftOut, type Rendering } from '../core/contribute/contribution.js';
import { verifyContributions } from '../core/contribute/verify.js';
import { type Layer, stackLayers } from '../core/layer.js';
import { migrationsBetween, renamesOf } from '../core/migrations.js';
import { projectNames } from '../core/names.js';
import { type Rendered, renderTarget, type Target } from '../core/project.js';
import { renderText } from '../core/render.js';
import { builtinSource, parseSource, workingTree } from '../core/source.js';
import { baseManifestFile } from '../core/store.js';
import { wholeWord } from '../core/text.js';
import type { TreeFile } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import type { Lock } from '../schema/lock.js';
import { arrange } from './arrange.js';
import { oldBaseline } from './baseline.js';
import { refuseInProgress } from './collisions.js';
import { mergeSides } from './merge.js';
import type { Goal } from './retarget.js';
import type { Session } from './session.js';

/** The template repository that takes the changes. */
export interface TemplateTarget {
  readonly root: string;
  /** The commit to stand on; without one it is a folder that is written into. */
  readonly head: string | undefined;
  readonly call: GitCall;
}

export interface ContributionPlan {
  readonly contributions: readonly Contribution[];
  readonly leftOut: readonly LeftOut[];
}

export interface ContributionRequest {
  readonly target: TemplateTarget;
  /** Paths relative to the project; empty for all. */
  readonly named: readonly string[];
  readonly layer: string | undefined;
}

/** Finds where the changes go: what was asked for, else the folder that the project came from. */
export async function templateTarget(ctx: Context, { root, lock }: Project, to?: string): Promise<TemplateTarget> {
  const folder = to === undefined ? linkedFolder(root, lock) : resolve(ctx.cwd, to.replace(/^~(?=$|\/)/, ctx.home));
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const found = isFolder ? findTemplateFolder(folder) : undefined;
  if (found === undefined) {
    throw new MlsysError('template', `${folder} is ${isFolder ? 'not in a template repository' : 'no folder'}`, {
      hint: 'clone the template, and name the clone with --to',
    });
  }
  const call: GitCall = { cwd: realpathSync(found), env: ctx.env };
  const head = existsSync(join(found, '.git')) ? await headCommit(call) : undefined;
  return { root: call.cwd, head, call };
}

function linkedFolder(root: string, { template: { source } }: Lock): string {
  const spec = parseSource(source);
  if (spec.kind === 'folder') return resolve(root, spec.path);
  const what = spec.kind === 'git' ? source : 'the repository of mlsys';
  throw new MlsysError(
    'usage',
    `the template is ${source === builtinSource ? 'the one that mlsys brings' : source}: a clone of it is needed`,
    {
      hint: `git clone ${spec.kind === 'git' ? what : '<the repository of mlsys>'} ../template, then mlsys contribute --to ../template`,
    },
  );
}

async function headCommit(call: GitCall): Promise<string> {
  try {
    return await gitText(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], call);
  } catch (error) {
    throw new MlsysError('git', `${call.cwd} has no commit yet`, { hint: 'commit the template first', cause: error });
  }
}

/**
 *     baseline, work tree, template as it is → merge → what is the project's own → template sources → rendered again
 *
 * The merge is the one that `sync` makes, so what the template has meanwhile stays, and what both changed is left out.
 */
export async function planContribution(
  ctx: Context,
  { project, repository }: Session,
  { target, named, layer }: ContributionRequest,
): Promise<ContributionPlan> {
  refuseInProgress(repository);
  const { lock, root } = project;
  const loaded = await loadTemplate(ctx, target.root, { projectRoot: root, base: root, commit: target.head });
  refuseUnknownBranches(loaded, lock, target);
  const asked = askedOf(loaded, lock);
  const rendered = renderTarget(asked);
  const goal: Goal = {
    command: 'contribute',
    rendered,
    ref: loaded.ref,
    moves: movesOf(rendered, lock, loaded.ref.version),
    twoWay: true,
    valuesOnly: false,
  };
  const merged = await mergeProject(ctx, project, repository, goal);
  const { changes, leftOut } = findChanges(merged, rendered.baseline, named);
  const blobs = await contentsOf(repository, merged, changes);
  const rendering = renderingOf(loaded, rendered, layer);
  const found = changes.map(({ path, from, isDeleted }) =>
    contributionOf({ path, from, file: isDeleted ? undefined : blobs.get(path) }, rendering),
  );
  const verified = verifyContributions(
    asked,
    found.flatMap(({ contribution }) => contribution ?? []),
  );
  return {
    contributions: verified.contributions,
    leftOut: [...leftOut, ...found.flatMap((one) => one.leftOut), ...verified.leftOut].sort((a, b) =>
      a.path === b.path ? (a.line ?? 0) - (b.line ?? 0) : a.path < b.path ? -1 : 1,
    ),
  };
}

function refuseUnknownBranches({ template }: LoadedTemplate, { branches }: Lock, { root, head }: TemplateTarget): void {
  const unknown = branches.filter((name) => !template.branches.has(name));
  if (unknown.length === 0) return;
  const where = head === undefined ? root : `the last commit of ${root}`;
  throw new MlsysError('branch', `${where} has no branch ${unknown.join(', ')}, which the project has`, {
    hint:
      head === undefined
        ? 'choose another template with --to'
        : 'commit the branch there first, or choose another clone with --to',
  });
}

/** What the template should be rendered for: the project's own branches and answers, as far as it takes them. */
function askedOf({ template }: LoadedTemplate, lock: Lock): Target {
  const { project_name, package_name, ...answers } = lock.answers;
  const questions = collectQuestions(stackLayers(template, lock.branches));
  const former: Answers = Object.fromEntries(
    Object.entries(answers).filter(([name, value]) => {
      const question = questions.get(name);
      if (question === undefined) return false;
      try {
        parseAnswer(name, question, value);
        return true;
      } catch (error) {
        if (error instanceof MlsysError) return false;
        throw error;
      }
    }),
  );
  const names = projectNames(String(project_name), String(package_name));
  return { template, branches: lock.branches, names, given: new Map(), former };
}

function movesOf({ layers, answers }: Rendered, lock: Lock, version: string): Map<string, string> {
  const manifests = layers.map(({ manifest }) => manifest);
  const migrations = migrationsBetween(manifests, lock.template.version, version);
  return renamesOf(migrations, (path) => renderText(path, answers, path));
}

async function mergeProject(
  ctx: Context,
  project: Project,
  repository: Repository,
  goal: Goal,
): Promise<MergedProject> {
  const { call } = repository;
  const { lock } = project;
  const tree = await snapshotTree(repository, call.scratch?.objects ?? repository.gitDir);
  const ours = await listEntries(call, tree);
  const old = await oldBaseline(ctx, project, repository, { twoWay: true });
  const arranged = arrange(lock, { old, ours, goal, mlsys: ctx.version });
  const merged = await mergeSides(
    call,
    { old: arranged.old, next: arranged.next, ours: { tree, ...arranged.ours } },
    {
      author: await commitIdentity(call),
      date: ctx.now(),
      messages: { old: 'Baseline', next: 'Template' },
      shown: { ours: 'project', base: 'baseline', theirs: 'template' },
      style: 'merge',
      valuesOnly: false,
      knowsMoves: goal.ref.version !== workingTree && goal.ref.commit === lock.template.commit,
    },
  );
  const movedBack = new Map([...arranged.moved].map(([from, to]) => [to, from]));
  const former = (path: string): string => {
    const before = merged.renames.template.get(path) ?? path;
    return movedBack.get(before) ?? before;
  };
  const conflicts = new Map(merged.conflicts);
  for (const path of old.lost) {
    if (conflicts.has(path)) conflicts.set(path, 'what it was rendered as is nowhere to be found');
  }
  return { listing: merged.listing, conflicts, renames: merged.renames.yours, former, locked: lock.files };
}

async function contentsOf(
  { call }: Repository,
  { listing }: MergedProject,
  changes: readonly { readonly path: string }[],
): Promise<Map<string, TreeFile>> {
  const entries = changes.flatMap(({ path }) => {
    const entry = listing.get(path);
    return entry === undefined ? [] : [{ path, ...entry }];
  });
  const blobs = await readBlobs(
    call,
    entries.map(({ blob }) => blob),
  );
  return new Map(
    entries.flatMap(({ path, blob, mode }) => {
      const bytes = blobs.get(blob);
      return bytes === undefined ? [] : [[path, { bytes, mode }] as const];
    }),
  );
}

function renderingOf({ store }: LoadedTemplate, rendered: Rendered, layer: string | undefined): Rendering {
  const { layers, answers, baseline } = rendered;
  const { files, data } = compose(layers, answers);
  const names = projectNames(String(answers.project_name), String(answers.package_name));
  const words = new Map<string, boolean>();
  const isOrdinary = (word: string): boolean => {
    const known = words.get(word) ?? standsIn(layers, word);
    words.set(word, known);
    return known;
  };
  const hasForeignBase = store.text(baseManifestFile) === undefined;
  return { layers, files, baseline, data, values: { names, isOrdinary }, layer, hasForeignBase };
}

/** Whether a word is in the text of a template file, where it is no value. Bytes of images and the like are no words. */
function standsIn(layers: readonly Layer[], word: string): boolean {
  const pattern = wholeWord(word);
  return layers.some(({ files }) =>
    [...files.values()].some(
      ({ bytes }) => bytes.length < 1e6 && !bytes.includes(0) && pattern.test(Buffer.from(bytes).toString()),
    ),
  );
}
