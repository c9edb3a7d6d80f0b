import type { Listing, TreeEntry } from './tree.js';

/** New paths by old ones: files of a baseline that a target puts elsewhere, because an answer names a folder or a migration says so. */
export type Moves = ReadonlyMap<string, string>;

/** Files that come from the same template file but go to another path. */
export function movesBetween(
  old: ReadonlyMap<string, { source: string }>,
  next: ReadonlyMap<string, { source: string }>,
): Map<string, string> {
  const bySource = new Map([...next].map(([path, { source }]) => [source, path]));
  const moves = new Map<string, string>();
  for (const [path, { source }] of old) {
    const to = bySource.get(source);
    if (source !== 'mlsys' && to !== undefined && to !== path && !next.has(path)) moves.set(path, to);
  }
  return moves;
}

/** The folders that moved: what is left of each move when the equal ends of both paths are taken off. */
export function folderMoves(moves: Moves, next: Iterable<string>): Map<string, string> {
  const folders = new Map<string, string>();
  const split = new Set<string>();
  for (const [path, target] of moves) {
    const [from, to] = [path.split('/'), target.split('/')];
    let equal = 0;
    while (equal < Math.min(from.length, to.length) && from.at(-1 - equal) === to.at(-1 - equal)) equal++;
    if (equal === 0 || equal === from.length || equal === to.length) continue;
    const [folder, into] = [from.slice(0, -equal).join('/'), to.slice(0, -equal).join('/')];
    if ((folders.get(folder) ?? into) !== into) split.add(folder);
    folders.set(folder, into);
  }
  // A folder that still gets files of the template stays, and what a person put there stays with it.
  for (const path of next) {
    for (const folder of folders.keys()) if (path.startsWith(`${folder}/`)) split.add(folder);
  }
  for (const folder of split) folders.delete(folder);
  return folders;
}

/** Where a file goes: its own move, else that of the deepest folder above it. */
export function movePath(path: string, moves: Moves, folders: ReadonlyMap<string, string>): string {
  const direct = moves.get(path);
  if (direct !== undefined) return direct;
  for (const folder of foldersAbove(path)) {
    // A migration may name a folder as it is.
    const to = moves.get(folder) ?? folders.get(folder);
    if (to !== undefined) return to + path.slice(folder.length);
  }
  return path;
}

/** The folders that a path lies in, the deepest first. */
export function* foldersAbove(path: string): Iterable<string> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) yield path.slice(0, end);
}

/** New paths by old ones, for the files of a listing that move. One that would land on another file stays where it is. */
export function movesIn(listing: Listing, moves: Moves, folders: ReadonlyMap<string, string>): Map<string, string> {
  const moved = new Map<string, string>();
  if (moves.size === 0) return moved;
  const taken = new Set(listing.keys());
  const takenFolders = new Set([...listing.keys()].flatMap((path) => [...foldersAbove(path)]));
  for (const path of listing.keys()) {
    const to = movePath(path, moves, folders);
    const isFree = !taken.has(to) && !takenFolders.has(to) && ![...foldersAbove(to)].some((above) => taken.has(above));
    if (to === path || !isFree) continue;
    moved.set(path, to);
    taken.add(to);
  }
  return moved;
}

export const moveListing = (listing: Listing, moved: ReadonlyMap<string, string>): Map<string, TreeEntry> =>
  new Map([...listing].map(([path, entry]) => [moved.get(path) ?? path, entry]));
