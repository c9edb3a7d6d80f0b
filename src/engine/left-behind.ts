import { join } from 'node:path';
import { statAt } from '../adapters/stat.js';
import { foldersAbove } from '../core/moves.js';
import type { Plan } from '../core/plan.js';
import type { Listing } from '../core/tree.js';

/** Folders whose last file of git went, and that are there all the same: something untracked is in them. */
export function leftBehind(root: string, { entries }: Plan, listing: Listing): string[] {
  const gone = entries.flatMap(({ action, path, from }) => from ?? (action === 'delete' ? path : []));
  const folders = new Set(gone.flatMap((path) => [...foldersAbove(path)]));
  for (const path of folders.size === 0 ? [] : listing.keys()) {
    for (const folder of foldersAbove(path)) folders.delete(folder);
  }
  const isTop = (folder: string): boolean => ![...foldersAbove(folder)].some((above) => folders.has(above));
  return [...folders].filter((folder) => isTop(folder) && statAt(join(root, folder))?.isDirectory());
}
