import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gitItems } from '../adapters/git/run.js';
import { localChanges, operationInProgress, type Repository } from '../adapters/git/repository.js';
import { statAt } from '../adapters/stat.js';
import { foldersAbove } from '../core/moves.js';
import { MlsysError } from '../errors.js';

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
  const [{ changed, staged }, tracked] = await Promise.all([
    localChanges(repository),
    gitItems(['ls-files', '-z'], call).then((items) => new Set(items)),
  ]);
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
  const inTheWay = new Set(paths.flatMap((path) => (tracked.has(path) ? [] : (blocker(top, path, tracked) ?? []))));
  if (inTheWay.size > 0)
    throw collision(
      'is in the way, and git does not track it',
      [...inTheWay],
      'move it away or commit it, then run the command again',
    );
}

/** Something that git does not know where a file would go: at the path, below it, or a file where a folder is needed. */
function blocker(top: string, path: string, tracked: ReadonlySet<string>): string | undefined {
  const stat = statAt(join(top, path));
  if (stat?.isDirectory()) return untrackedBelow(top, path, tracked);
  if (stat !== undefined) return isOtherSpelling(top, path, tracked) ? undefined : path;
  for (const folder of foldersAbove(path)) {
    const above = statAt(join(top, folder));
    if (above !== undefined) return above.isDirectory() || tracked.has(folder) ? undefined : folder;
  }
  return undefined;
}

function untrackedBelow(top: string, folder: string, tracked: ReadonlySet<string>): string | undefined {
  for (const entry of readdirSync(join(top, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    const found = entry.isDirectory() ? untrackedBelow(top, path, tracked) : tracked.has(path) ? undefined : path;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where the file system ignores case, a file that only changes its spelling is found under the new one already. */
function isOtherSpelling(top: string, path: string, tracked: ReadonlySet<string>): boolean {
  const folded = path.toLowerCase();
  const twin = [...tracked].find((known) => known.toLowerCase() === folded);
  if (twin === undefined) return false;
  const [a, b] = [path, twin].map((name) => statAt(join(top, name)));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.nlink === 1;
}

function collision(what: string, paths: readonly string[], hint: string): MlsysError {
  const [first = ''] = paths;
  const message = paths.length === 1 ? `${first} ${what}` : `${paths.length} files: each ${what}`;
  return new MlsysError('conflict', message, { details: paths.length === 1 ? [] : paths, hint });
}
