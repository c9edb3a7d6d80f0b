import type { Listing } from './tree.js';

export type Action = 'create' | 'update' | 'delete' | 'keep' | 'conflict';

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
  /** Files that no row is wanted for: mlsys' own. */
  readonly hidden: ReadonlySet<string>;
}

const same = (a: { blob: string; mode: string } | undefined, b: { blob: string; mode: string } | undefined): boolean =>
  a?.blob === b?.blob && a?.mode === b?.mode;

/** The plan as data: one row for each file that changes, conflicts, or stays as its owner left it although the template changed. */
export function buildPlan({ ours, merged, old, next, conflicts, moves, hidden }: PlanSources): Plan {
  const sources = new Map([...moves].map(([from, to]) => [to, from]));
  const entries: PlanEntry[] = [];
  const paths = new Set([...ours.keys(), ...merged.keys(), ...old.keys(), ...next.keys(), ...conflicts.keys()]);
  for (const path of [...paths].sort()) {
    if (hidden.has(path)) continue;
    const from = sources.get(path);
    const moved = from !== undefined && ours.has(from) && !merged.has(from) ? from : undefined;
    const conflict = conflicts.get(path);
    if (conflict !== undefined) entries.push({ path, action: 'conflict', reason: conflict, from: moved });
    else if (!same(ours.get(path), merged.get(path))) {
      if (merged.has(path)) entries.push({ path, action: ours.has(path) ? 'update' : 'create', from: moved });
      else if (!moves.has(path) || !merged.has(moves.get(path) ?? '')) entries.push({ path, action: 'delete' });
    } else if (!same(old.get(path), next.get(path)) && !same(merged.get(path), next.get(path))) {
      entries.push({
        path,
        action: 'keep',
        reason: merged.has(path) ? 'your version holds the change or replaces it' : 'you deleted it',
      });
    }
  }
  return { entries, conflicts: entries.filter((entry) => entry.action === 'conflict') };
}

export const changesNothing = (plan: Plan): boolean => plan.entries.every((entry) => entry.action === 'keep');
