import type { Stage, TreeMerge } from '../adapters/git/merge.js';
import type { WrittenFile } from '../adapters/git/objects.js';
import { readBlobs } from '../adapters/git/read.js';
import type { GitCall } from '../adapters/git/run.js';
import type { Labels } from '../core/merge/conflict-text.js';
import { settle } from '../core/merge/settle.js';
import { parses } from '../core/parse.js';
import type { Listing, TreeEntry } from '../core/tree.js';
import type { MergeSettings, Sides } from './merge.js';

/** What git made of the three sides. */
export interface Situation {
  readonly merge: TreeMerge;
  readonly merged: Listing;
  readonly sides: Sides;
  /** How the listing differs from the merged tree. */
  readonly changes: ReadonlyMap<string, WrittenFile | undefined>;
}

export interface Settlement {
  /** Why each conflicted path is one. */
  readonly conflicts: Map<string, string>;
  readonly stages: Stage[];
  readonly changes: Map<string, WrittenFile | undefined>;
}

/** Looks at each file that git left in conflict, and at each that both sides changed and a parser can check. */
export async function settleFiles(
  call: GitCall,
  situation: Situation,
  settings: MergeSettings,
  /** The commits, whose ids stand in git's markers. */
  ids: Labels,
): Promise<Settlement> {
  const { merge, merged, sides } = situation;
  const [conflicts, changes] = [new Map<string, string>(), new Map<string, WrittenFile | undefined>()];
  const byPath = groupStages([...merge.stages, ...hiddenStages(situation)]);
  const paths = new Set([...byPath.keys(), ...mergedByLines(situation, byPath)]);
  const wanted = [...paths].flatMap((path) => [
    merged.get(path)?.blob,
    sides.ours.listing.get(path)?.blob,
    sides.next.get(path)?.blob,
  ]);
  const blobs = await readBlobs(
    call,
    wanted.flatMap((id) => id ?? []),
  );
  for (const path of paths) {
    const stages = byPath.get(path);
    if (stages !== undefined && isDeletedByUs(merge, path, stages)) {
      changes.set(path, undefined);
      continue;
    }
    const verdict = settleFile({ path, stages, situation, blobs }, settings, ids);
    if (verdict.reason !== undefined) conflicts.set(path, verdict.reason);
    if (verdict.file !== undefined) changes.set(path, verdict.file);
  }
  const stages = [...conflicts.keys()].flatMap((path) => byPath.get(path) ?? stagesOf(path, situation));
  return { conflicts, changes, stages };
}

interface Candidate {
  readonly path: string;
  readonly stages: readonly Stage[] | undefined;
  readonly situation: Situation;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

interface Verdict {
  readonly reason?: string;
  readonly file?: WrittenFile;
}

function settleFile({ path, stages, situation, blobs }: Candidate, settings: MergeSettings, ids: Labels): Verdict {
  const { merge, merged, sides } = situation;
  const conflicted = stages !== undefined;
  const entry = merged.get(path);
  const [bytes, ours, theirs] = [entry, sides.ours.listing.get(path), sides.next.get(path)].map((side) =>
    bytesOf(side, blobs),
  );
  const encoding = encodingOf([bytes, ours, theirs]);
  const text = encoding === undefined ? undefined : bytes?.toString(encoding);
  const hasHunks = text?.includes(`<<<<<<< ${ids.ours}`) ?? false;
  if (entry === undefined || text === undefined || (conflicted && !hasHunks)) {
    return conflicted ? { reason: reasonOf(merge, path, stages) } : {};
  }
  const result = settle(
    { path, text, conflicted, ours: ours?.toString(encoding), theirs: theirs?.toString(encoding) },
    { ...settings, labels: ids },
  );
  return {
    ...(result.kind === 'conflict' && { reason: result.reason }),
    ...(result.text !== text && { file: { mode: entry.mode, content: { bytes: Buffer.from(result.text, encoding) } } }),
  };
}

const bytesOf = (entry: TreeEntry | undefined, blobs: ReadonlyMap<string, Buffer>): Buffer | undefined =>
  entry === undefined || entry.mode === '120000' ? undefined : blobs.get(entry.blob);

/** An encoding that gives the same bytes back for all of them; none where one is no text. */
function encodingOf(all: readonly (Buffer | undefined)[]): 'utf8' | 'latin1' | undefined {
  const known = all.filter((bytes) => bytes !== undefined);
  if (known.some((bytes) => bytes.includes(0))) return undefined;
  return known.every((bytes) => Buffer.from(bytes.toString('utf8')).equals(bytes)) ? 'utf8' : 'latin1';
}

const nested = 'rename involved in collision';

/**
 * Stages of conflicts that git names but leaves out of its list: where a renamed file has conflicts in its lines and
 * meets an empty file at its new path, git writes the markers and calls the path merged.
 */
function hiddenStages(situation: Situation): Stage[] {
  const { merge, merged, sides } = situation;
  const listed = new Set(merge.stages.map(({ path }) => path));
  return [...merge.kinds].flatMap(([path, kinds]) => {
    const blob = merged.get(path)?.blob;
    const isNew = blob !== sides.ours.listing.get(path)?.blob && blob !== sides.next.get(path)?.blob;
    return kinds.includes(nested) && blob !== undefined && isNew && !listed.has(path) ? stagesOf(path, situation) : [];
  });
}

function groupStages(stages: readonly Stage[]): Map<string, Stage[]> {
  const groups = new Map<string, Stage[]>();
  for (const stage of stages) {
    const group = groups.get(stage.path);
    if (group === undefined) groups.set(stage.path, [stage]);
    else group.push(stage);
  }
  return groups;
}

/** Files that both sides changed and git merged without a conflict, of a language that can be checked. */
function mergedByLines({ merged, sides }: Situation, conflicted: ReadonlyMap<string, unknown>): string[] {
  return [...merged].flatMap(([path, { blob }]) => {
    const [ours, next] = [sides.ours.listing.get(path), sides.next.get(path)];
    if (next === undefined || ours === undefined || blob === next.blob || blob === ours.blob) return [];
    return conflicted.has(path) || !parses(path) ? [] : [path];
  });
}

/** What a person deleted stays deleted, whatever the template did to it. */
const isDeletedByUs = ({ kinds }: TreeMerge, path: string, stages: readonly Stage[]): boolean =>
  stages.map(({ stage }) => stage).join() === '1,3' &&
  (kinds.get(path) ?? []).some((kind) => kind === 'modify/delete' || kind === 'rename/delete');

const reasons: readonly (readonly [string, string])[] = [
  [nested, 'one side renamed a file to this name, the other has a file here'],
  ['binary', 'both sides changed it, and it is no text'],
  ['modify/delete', 'you changed it, the template deleted it'],
  ['rename/rename', 'both sides renamed it'],
  ['add/add', 'both sides added it'],
  ['file/directory', 'one side has a file of this name, the other a folder'],
  ['distinct modes', 'the sides made two kinds of file of it'],
  ['file location', 'one side added it to a folder that the other renamed'],
  ['submodule', 'both sides changed it, and it is a submodule'],
];

function reasonOf({ kinds }: TreeMerge, path: string, stages: readonly Stage[]): string {
  const known = kinds.get(path) ?? [];
  if (known.includes('rename/delete'))
    return stages.some(({ stage }) => stage === 2)
      ? 'you renamed it, the template deleted it'
      : 'the template renamed it';
  return reasons.find(([kind]) => known.includes(kind))?.[1] ?? 'both sides changed it';
}

/** The stages of a file that git thought merged. */
function stagesOf(path: string, { sides }: Situation): Stage[] {
  const sources = [sides.old.get(path), sides.ours.listing.get(path), sides.next.get(path)];
  return sources.flatMap((entry, i) =>
    entry === undefined ? [] : [{ path, mode: entry.mode, blob: entry.blob, stage: (i + 1) as Stage['stage'] }],
  );
}
