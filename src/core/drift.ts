import type { Listing } from './tree.js';

export type DriftState = 'as template' | 'edited' | 'deleted' | 'added';

export interface Drift {
  readonly path: string;
  readonly state: DriftState;
}

/** How the files of a project stand to the baseline that it was rendered from. */
export function driftOf(baseline: Listing, files: Listing, own: ReadonlySet<string>): Drift[] {
  const paths = [...new Set([...baseline.keys(), ...files.keys()])].sort();
  return paths.flatMap((path): Drift[] => {
    if (own.has(path)) return [];
    const [template, file] = [baseline.get(path), files.get(path)];
    if (template === undefined) return [{ path, state: 'added' }];
    if (file === undefined) return [{ path, state: 'deleted' }];
    return [{ path, state: template.blob === file.blob && template.mode === file.mode ? 'as template' : 'edited' }];
  });
}
