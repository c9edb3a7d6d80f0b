import { lstatSync, type Stats } from 'node:fs';

/** What stands at a path, links not followed; undefined where nothing does, or where a part of the path is a file. */
export function statAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
