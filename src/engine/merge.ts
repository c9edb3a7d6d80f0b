import { mergeCommits, renamesBetween, type Stage } from '../adapters/git/merge.js';
import {
  type WriteOptions,
  type WrittenCommit,
  type WrittenFile,
  writeCommits,
  writeTree,
} from '../adapters/git/objects.js';
import { listEntries } from '../adapters/git/read.js';
import type { GitCall } from '../adapters/git/run.js';
import type { ConflictStyle, Labels } from '../core/merge/conflict-text.js';
import type { Renames } from '../core/plan.js';
import { blobId, type Listing, type TreeEntry } from '../core/tree.js';
import { withoutMadeUpNames } from './made-up-names.js';
import { settleFiles } from './settle-files.js';

export type Files = ReadonlyMap<string, TreeEntry & WrittenFile>;

/** The three trees of a merge. */
export interface Sides {
  readonly old: Files;
  readonly next: Files;
  /** A tree that git has, with changes; the listing is that of the result. */
  readonly ours: {
    readonly tree: string;
    readonly changes: ReadonlyMap<string, WrittenFile | undefined>;
    readonly listing: Listing;
  };
}

export interface MergeSettings extends WriteOptions {
  readonly messages: { readonly old: string; readonly next: string };
  readonly shown: Labels;
  readonly style: ConflictStyle;
  readonly valuesOnly: boolean;
  /** Whether all moves are made already, so that a new file that looks like one that goes is another one. */
  readonly knowsMoves: boolean;
}

export interface Merged {
  /** The commit that holds the target as the template rendered it. */
  readonly templateCommit: string;
  readonly tree: string;
  readonly listing: Listing;
  /** Why each conflicted path is one. */
  readonly conflicts: ReadonlyMap<string, string>;
  readonly stages: readonly Stage[];
  readonly renames: Renames;
}

/** Merges in the object store; the work tree and the index are not touched. */
export async function mergeSides(call: GitCall, sides: Sides, settings: MergeSettings): Promise<Merged> {
  const apart = settings.knowsMoves ? plainAdditions(sides) : new Map<string, TreeEntry & WrittenFile>();
  const { messages } = settings;
  const commits: WrittenCommit[] = [
    { message: messages.old, parents: [], files: sides.old },
    { message: 'Yours', parents: [0], tree: sides.ours.tree, files: sides.ours.changes },
    { message: messages.next, parents: [0], files: [...sides.next].filter(([path]) => !apart.has(path)) },
    ...(apart.size === 0 ? [] : [{ message: messages.next, parents: [0], files: sides.next }]),
  ];
  const [old = '', ours = '', theirs = '', whole = theirs] = await writeCommits(call, commits, settings);
  const [merge, renames] = await Promise.all([
    mergeCommits(call, ours, theirs),
    renamesOf(call, sides, { old, ours, theirs, apart }),
  ]);
  const merged = await listEntries(call, merge.tree);
  const situation = withoutMadeUpNames({ merge, merged, sides }, { ours, theirs });
  const settled = await settleFiles(call, situation, settings, { ours, base: old, theirs });
  const changes = new Map([...apart, ...situation.changes, ...settled.changes]);
  const { conflicts, stages } = settled;
  return {
    templateCommit: whole,
    tree: changes.size === 0 ? merge.tree : await writeTree(call, { tree: merge.tree, files: changes }, settings),
    listing: changedListing(merged, changes),
    conflicts,
    stages,
    renames,
  };
}

/** Files of the target alone, with nothing of ours at their paths or above them. Git would take one for a file that goes, renamed. */
function plainAdditions({ old, next, ours }: Sides): Map<string, TreeEntry & WrittenFile> {
  if ([...old.keys()].every((path) => next.has(path))) return new Map();
  const taken = new Set<string>();
  for (const path of [...ours.listing.keys(), ...old.keys()]) {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) taken.add(path.slice(0, end));
  }
  const isFree = (path: string): boolean => {
    if (taken.has(path)) return false;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (ours.listing.has(folder) || old.has(folder)) return false;
    }
    return true;
  };
  return new Map([...next].filter(([path]) => isFree(path)));
}

interface Commits {
  readonly old: string;
  readonly ours: string;
  readonly theirs: string;
  readonly apart: Files;
}

/** What each side renamed, for the plan. Git is only asked where a side has both lost and gained files. */
async function renamesOf(call: GitCall, sides: Sides, { old, ours, theirs, apart }: Commits): Promise<Renames> {
  const mayRename = (to: Listing): boolean =>
    [...sides.old.keys()].some((path) => !to.has(path)) && [...to.keys()].some((path) => !sides.old.has(path));
  const [yours, template] = await Promise.all([
    mayRename(sides.ours.listing) ? renamesBetween(call, old, ours) : new Map<string, string>(),
    apart.size === 0 && mayRename(sides.next) ? renamesBetween(call, old, theirs) : new Map<string, string>(),
  ]);
  return { yours, template };
}

type Changes = ReadonlyMap<string, WrittenFile | undefined>;

function changedListing(listing: Listing, changes: Changes): Listing {
  const changed = new Map(listing);
  for (const [path, file] of changes) {
    if (file === undefined) changed.delete(path);
    else if (file.mode !== '160000') {
      const { content, mode } = file;
      changed.set(path, { mode, blob: 'blob' in content ? content.blob : blobId(content.bytes) });
    }
  }
  return changed;
}
