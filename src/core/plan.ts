import type { Listing } from './tree.js';

export type Action = 'create' | 'update' | 'move' | 'delete' | 'keep' | 'conflict';

/** What a command would do to one file. */
export interface PlanEntry {
  readonly path: string;
  readonly action: Action;
  /** Why, where it is not plain. */
  readonly reason?: string | undefined;
  /** The path that the file had before. */
  readonly from?: string | undefined;
}

export interface Plan {
  readonly entries: readonly PlanEntry[];
  readonly conflicts: readonly PlanEntry[];
}

/** Former paths by new ones: files that git takes for renamed. */
export interface Renames {
  readonly yours: ReadonlyMap<string, string>;
  readonly template: ReadonlyMap<string, string>;
}

export interface PlanSources {
  /** The project's files as they are, and as they would be. */
  readonly ours: Listing;
  readonly merged: Listing;
  /** The two baselines: what the template changed. */
  readonly old: Listing;
  readonly next: Listing;
  readonly conflicts: ReadonlyMap<string, string>;
  /** New path of a file that the target moves, by its old one. */
  readonly moves: ReadonlyMap<string, string>;
  readonly renames: Renames;
  /** Files that no row is wanted for: mlsys' own. */
  readonly hidden: ReadonlySet<string>;
}

const same = (a: { blob: string; mode: string } | undefined, b: { blob: string; mode: string } | undefined): boolean =>
  a?.blob === b?.blob && a?.mode === b?.mode;

/** The plan as data: one row for each file that changes, conflicts, or stays as its owner left it although the template changed. */
export function buildPlan({ ours, merged, old, next, conflicts, moves, renames, hidden }: PlanSources): Plan {
  const sources = sourcesOf({ ours, merged, moves, renames });
  const left = new Set(sources.values());
  const renamed = new Set(renames.yours.values());
  const entries: PlanEntry[] = [];
  const paths = new Set([...ours.keys(), ...merged.keys(), ...old.keys(), ...next.keys(), ...conflicts.keys()]);
  for (const path of [...paths].sort()) {
    const reason = conflicts.get(path);
    if (hidden.has(path) && reason === undefined) continue;
    const [before, after, from] = [ours.get(path), merged.get(path), sources.get(path)];
    if (reason !== undefined) entries.push({ path, action: 'conflict', reason, from });
    else if (from !== undefined) entries.push({ path, action: same(ours.get(from), after) ? 'move' : 'update', from });
    else if (!same(before, after)) {
      if (after !== undefined) entries.push({ path, action: before === undefined ? 'create' : 'update' });
      else if (!left.has(path)) entries.push({ path, action: 'delete' });
    } else if (!same(old.get(path), next.get(path)) && !same(after, next.get(path))) {
      // The change went where the person has the file now.
      if (after === undefined && renamed.has(path)) continue;
      const kept = after === undefined ? 'you deleted it' : 'your version holds the change or replaces it';
      entries.push({ path, action: 'keep', reason: kept });
    }
  }
  return { entries, conflicts: entries.filter((entry) => entry.action === 'conflict') };
}

/** The former path of each file that moves: as the target says, or because a file is gone and its very content is new elsewhere. */
function sourcesOf({
  ours,
  merged,
  moves,
  renames,
}: Pick<PlanSources, 'ours' | 'merged' | 'moves' | 'renames'>): Map<string, string> {
  const sources = new Map<string, string>();
  for (const [from, to] of [...[...renames.template].map(([to, from]) => [from, to] as const), ...moves]) {
    if (ours.has(from) && !merged.has(from) && merged.has(to) && !ours.has(to)) sources.set(to, from);
  }
  const gone = new Map<string, string>();
  const taken = new Set(sources.values());
  for (const [path, { blob }] of ours) if (!merged.has(path) && !taken.has(path)) gone.set(blob, path);
  for (const [path, { blob }] of merged) {
    const from = gone.get(blob);
    if (from === undefined || ours.has(path) || sources.has(path)) continue;
    sources.set(path, from);
    gone.delete(blob);
  }
  return sources;
}

export const changesNothing = (plan: Plan): boolean => plan.entries.every((entry) => entry.action === 'keep');
