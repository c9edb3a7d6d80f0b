import type { WrittenFile } from '../adapters/git/objects.js';
import { folderMoves, moveListing, movePath, movesIn } from '../core/moves.js';
import { lockOf, lockText } from '../core/project.js';
import { blobId, type Listing, type TreeEntry } from '../core/tree.js';
import { type Lock, lockPath } from '../schema/lock.js';
import { projectManifestPath } from '../schema/project.js';
import type { OldBaseline } from './baseline.js';
import type { Files } from './merge.js';
import type { Goal } from './retarget.js';

interface Given {
  readonly old: OldBaseline;
  readonly ours: Listing;
  readonly goal: Goal;
  readonly mlsys: string;
}

export interface Arrangement {
  readonly old: Files;
  readonly next: Files;
  /** Our files where the target has them, and how that differs from where they are. */
  readonly ours: { readonly listing: Listing; readonly changes: ReadonlyMap<string, WrittenFile | undefined> };
  /** New paths by old ones, for our files. */
  readonly moved: ReadonlyMap<string, string>;
  readonly lock: Lock;
}

/** The three sides, with moves already made on the old and on ours, and the lock as one of the files. */
export function arrange(formerLock: Lock, { old, ours, goal, mlsys }: Given): Arrangement {
  const { rendered, moves } = goal;
  const folders = folderMoves(moves, rendered.baseline.keys());
  const moveTo = (path: string): string => movePath(path, moves, folders);
  const former = new Map(Object.entries(formerLock.files).map(([path, entry]) => [moveTo(path), entry]));
  const { next, lock } = nextSide(formerLock, { former, old, goal, mlsys });
  const removesBranch = formerLock.branches.some((name) => !rendered.branches.includes(name));
  const before = new Map<string, TreeEntry & WrittenFile>();
  for (const [path, file] of old.files) {
    const to = moveTo(path);
    const isKept = rendered.baseline.has(to) ? !next.has(to) : !removesBranch || ours.get(path)?.blob !== file.blob;
    // A file that no update touches is on neither side; it goes with its branch, unless somebody worked on it.
    if (isKept && (former.get(to)?.once || lock.files[to]?.once)) continue;
    before.set(to, file);
  }
  withOwnFiles({ old: before, next }, lock, ours);
  const moved = movesIn(ours, moves, folders);
  const changes = new Map<string, WrittenFile | undefined>();
  for (const from of moved.keys()) changes.set(from, undefined);
  for (const [from, to] of moved) {
    const entry = ours.get(from);
    if (entry !== undefined) changes.set(to, { mode: entry.mode, content: { blob: entry.blob } });
  }
  return { old: before, next, ours: { listing: moveListing(ours, moved), changes }, moved, lock };
}

type Former = ReadonlyMap<string, Lock['files'][string]>;

/** What the target brings. Files that are written once stay out, unless their branch is new. */
function nextSide(
  formerLock: Lock,
  { former, old, goal, mlsys }: Omit<Given, 'ours'> & { readonly former: Former },
): { next: Map<string, TreeEntry & WrittenFile>; lock: Lock } {
  const { rendered, ref } = goal;
  const full = lockOf(rendered, ref, mlsys);
  const knownLayers = new Set(['main', ...formerLock.branches]);
  const next = new Map<string, TreeEntry & WrittenFile>();
  const locked: Lock['files'] = {};
  for (const [path, { bytes, once, layer }] of rendered.baseline) {
    const entry = full.files[path];
    if (entry === undefined) continue;
    const { blob, mode } = entry;
    if (once && knownLayers.has(layer)) {
      const had = former.get(path);
      if (had !== undefined) locked[path] = { ...had, once: true };
      continue;
    }
    const known = old.files.get(path);
    next.set(path, { blob, mode, content: known?.blob === blob ? known.content : { bytes } });
    locked[path] = entry;
  }
  return { next, lock: { ...full, files: locked } };
}

/** Files that mlsys writes are merged like any other; both sides agree on their past, so the new ones stand. */
function withOwnFiles(
  { old, next }: { old: Map<string, TreeEntry & WrittenFile>; next: Map<string, TreeEntry & WrittenFile> },
  lock: Lock,
  ours: Listing,
): void {
  const bytes = Buffer.from(lockText(lock));
  next.set(lockPath, { blob: blobId(bytes), mode: '100644', content: { bytes } });
  for (const path of [lockPath, projectManifestPath]) {
    const current = ours.get(path);
    if (current === undefined) old.delete(path);
    else old.set(path, { ...current, content: { blob: current.blob } });
  }
}
