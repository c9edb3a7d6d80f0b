import { type TreeMerge, mergeCommits, type Stage } from '../adapters/git/merge.js';
import {
  treeOf,
  type WriteOptions,
  type WrittenCommit,
  type WrittenFile,
  writeCommits,
} from '../adapters/git/objects.js';
import { listTree, readBlobs } from '../adapters/git/read.js';
import type { GitCall } from '../adapters/git/run.js';
import type { ConflictStyle, Labels } from '../core/merge/conflict-text.js';
import { settle } from '../core/merge/settle.js';
import { parses } from '../core/parse.js';
import type { Listing, TreeEntry } from '../core/tree.js';

/** The three trees of a merge; ours is a tree that git has. */
export interface Sides {
  readonly old: ReadonlyMap<string, TreeEntry & WrittenFile>;
  readonly next: ReadonlyMap<string, TreeEntry & WrittenFile>;
  readonly ours: { readonly tree: string; readonly changes: ReadonlyMap<string, WrittenFile | undefined> };
}

export interface MergeSettings extends WriteOptions {
  readonly messages: { readonly old: string; readonly next: string };
  readonly shown: Labels;
  readonly style: ConflictStyle;
  readonly valuesOnly: boolean;
}

export interface Merged {
  /** The commit that holds the target as the template rendered it. */
  readonly templateCommit: string;
  readonly tree: string;
  readonly ours: Listing;
  readonly listing: Listing;
  /** Why each conflicted path is one. */
  readonly conflicts: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
}

/** Merges in the object store; the work tree and the index are not touched. */
export async function mergeSides(call: GitCall, sides: Sides, settings: MergeSettings): Promise<Merged> {
  const commits: WrittenCommit[] = [
    { message: settings.messages.old, parents: [], files: sides.old },
    { message: 'Yours', parents: [0], tree: sides.ours.tree, files: sides.ours.changes },
    { message: settings.messages.next, parents: [0], files: sides.next },
  ];
  const [, oursCommit = '', templateCommit = ''] = await writeCommits(call, commits, settings);
  const [merge, ours] = await Promise.all([
    mergeCommits(call, oursCommit, templateCommit),
    listingOf(call, oursCommit),
  ]);
  const merged = await listingOf(call, merge.tree);
  const settled = await settleFiles(call, { merge, ours, merged, sides }, settings, { oursCommit, templateCommit });
  if (settled.changes.size === 0) return { templateCommit, tree: merge.tree, ours, listing: merged, ...settled };
  const [commit = ''] = await writeCommits(
    call,
    [{ message: 'Merged', parents: [], tree: merge.tree, files: settled.changes }],
    settings,
  );
  return { templateCommit, tree: await treeOf(call, commit), ours, listing: await listingOf(call, commit), ...settled };
}

const listingOf = async (call: GitCall, treeish: string): Promise<Map<string, TreeEntry>> =>
  new Map((await listTree(call, treeish)).map(({ path, blob, mode }) => [path, { blob, mode }]));

interface Situation {
  readonly merge: TreeMerge;
  readonly ours: Listing;
  readonly merged: Listing;
  readonly sides: Sides;
}

interface Settlement {
  readonly conflicts: Map<string, string>;
  readonly stages: Stage[];
  readonly changes: Map<string, WrittenFile | undefined>;
}

async function settleFiles(
  call: GitCall,
  { merge, ours, merged, sides }: Situation,
  { shown, style, valuesOnly }: MergeSettings,
  { oursCommit, templateCommit }: { readonly oursCommit: string; readonly templateCommit: string },
): Promise<Settlement> {
  const conflicts = new Map<string, string>();
  const changes = new Map<string, WrittenFile | undefined>();
  const byPath = groupStages(merge.stages);
  const labels = { ours: oursCommit, base: '', theirs: templateCommit };
  const mixed = mergedByLines({ ours, merged, sides }, byPath);
  const wanted = [...mixed, ...byPath.keys()].flatMap((path) => [
    merged.get(path)?.blob,
    ours.get(path)?.blob,
    sides.next.get(path)?.blob,
  ]);
  const blobs = await readBlobs(
    call,
    wanted.flatMap((id) => id ?? []),
  );
  const textOf = (entry: TreeEntry | undefined): string | undefined => {
    const bytes = entry === undefined || entry.mode === '120000' ? undefined : blobs.get(entry.blob);
    return bytes === undefined ? undefined : utf8(bytes);
  };
  for (const path of new Set([...byPath.keys(), ...mixed])) {
    const stages = byPath.get(path);
    if (stages !== undefined && isDeletedByUs(stages)) {
      changes.set(path, undefined);
      continue;
    }
    const text = textOf(merged.get(path));
    const entry = merged.get(path);
    if (text === undefined || entry === undefined) {
      if (stages !== undefined) conflicts.set(path, reasonOf(merge, path));
      continue;
    }
    const conflicted = stages !== undefined;
    const hasHunks = conflicted && text.includes(`<<<<<<< ${oursCommit}`);
    if (conflicted && !hasHunks) {
      conflicts.set(path, reasonOf(merge, path));
      continue;
    }
    const base = baseLabel(text);
    const file = { path, text, conflicted, ours: textOf(ours.get(path)), theirs: textOf(sides.next.get(path)) };
    const result = settle(file, { labels: { ...labels, base }, shown, style, valuesOnly });
    if (result.kind === 'conflict') conflicts.set(path, result.reason);
    if (result.text !== text) changes.set(path, { mode: entry.mode, content: { bytes: Buffer.from(result.text) } });
  }
  const stages = [...conflicts.keys()].flatMap((path) => byPath.get(path) ?? stagesOf(path, { ours, merged, sides }));
  return { conflicts, changes, stages };
}

/** Bytes that are UTF-8, as text that gives the same bytes back; anything else is left to git. */
function utf8(bytes: Buffer): string | undefined {
  if (bytes.includes(0)) return undefined;
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

function groupStages(stages: readonly Stage[]): Map<string, Stage[]> {
  const groups = new Map<string, Stage[]>();
  for (const stage of stages) groups.set(stage.path, [...(groups.get(stage.path) ?? []), stage]);
  return groups;
}

/** The label that git gave the base: it is not known beforehand, since it holds a short name. */
const baseLabel = (text: string): string => /^\|{7} ([^\r\n]*)/m.exec(text)?.[1] ?? '';

/** Files that both sides changed and git merged without a conflict, of a language that can be checked. */
function mergedByLines(
  { ours, merged, sides }: Omit<Situation, 'merge'>,
  conflicted: ReadonlyMap<string, unknown>,
): string[] {
  return [...merged].flatMap(([path, { blob }]) => {
    const next = sides.next.get(path);
    if (conflicted.has(path) || !parses(path) || next === undefined || !ours.has(path)) return [];
    return blob === next.blob || blob === ours.get(path)?.blob ? [] : [path];
  });
}

/** What a person deleted stays deleted, whatever the template did to it. */
const isDeletedByUs = (stages: readonly Stage[]): boolean =>
  stages.length === 2 && stages.some(({ stage }) => stage === 1) && stages.some(({ stage }) => stage === 3);

const reasonOf = ({ messages }: TreeMerge, path: string): string => {
  const text = messages.get(path) ?? '';
  if (text.includes('(modify/delete)')) return 'you changed it, the template deleted it';
  if (text.includes('(add/add)')) return 'both sides added it';
  if (text.includes('(binary)') || text.includes('Cannot merge binary'))
    return 'both sides changed it, and it is no text';
  const kind = /CONFLICT \(([^)]+)\)/.exec(text)?.[1];
  return kind === undefined || kind === 'content' ? 'both sides changed it' : kind;
};

/** The stages of a file that git thought merged. */
function stagesOf(path: string, { ours, sides }: Omit<Situation, 'merge'>): Stage[] {
  const sources = [sides.old.get(path), ours.get(path), sides.next.get(path)];
  return sources.flatMap((entry, i) =>
    entry === undefined ? [] : [{ path, mode: entry.mode, blob: entry.blob, stage: (i + 1) as Stage['stage'] }],
  );
}
