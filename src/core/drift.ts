import { lockPath } from '../schema/lock.js';
import { carriedFolder } from './publish.js';
import type { Listing } from './tree.js';

/** Made by set-up, and made again after it. */
export const uvLockPath = 'uv.lock';

/** The copy of mlsys that a published clone has until it is a project. */
export const isCarried = (path: string): boolean => path.startsWith(`${carriedFolder}/`);

/** What of a project is on no baseline and yet nobody's edit. */
export const isOwn = (path: string): boolean => path === lockPath || path === uvLockPath || isCarried(path);

export type DriftState = 'as template' | 'edited' | 'deleted' | 'added';

export interface Drift {
  readonly path: string;
  readonly state: DriftState;
}

/** How the files of a project stand to the baseline that it was rendered from. */
export function driftOf(baseline: Listing, files: Listing, isLeftOut = isOwn): Drift[] {
  const paths = [...new Set([...baseline.keys(), ...files.keys()])].sort();
  return paths.flatMap((path): Drift[] => {
    if (isLeftOut(path)) return [];
    const [template, file] = [baseline.get(path), files.get(path)];
    if (template === undefined) return [{ path, state: 'added' }];
    if (file === undefined) return [{ path, state: 'deleted' }];
    return [{ path, state: template.blob === file.blob && template.mode === file.mode ? 'as template' : 'edited' }];
  });
}
