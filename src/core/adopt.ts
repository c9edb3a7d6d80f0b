import { parse as parseToml } from 'smol-toml';
import * as z from 'zod';
import { normaliseDistribution } from './names.js';
import type { Baseline } from './project.js';
import { blobId, type Listing } from './tree.js';

/** What a project says of itself. */
export interface ProjectClues {
  readonly projectName: string;
  readonly packageName: string | undefined;
  readonly description: string | undefined;
}

const pyproject = z.looseObject({
  project: z.looseObject({ name: z.string().optional(), description: z.string().optional() }).optional(),
});

/** Reads the names of a project off its files: `pyproject.toml`, the package below `src`, else the folder. */
export function cluesOf(paths: Iterable<string>, pyprojectText: string | undefined, folder: string): ProjectClues {
  const { name, description } = projectTable(pyprojectText);
  const packages = [...paths].flatMap((path) => /^src\/([a-z][a-z0-9_]*)\/__init__\.py$/.exec(path)?.[1] ?? []);
  const projectName = name ?? folder;
  const own = packages.find((one) => normaliseDistribution(one) === normaliseDistribution(projectName));
  return { projectName, packageName: own ?? packages[0], description };
}

function projectTable(text: string | undefined): { name?: string | undefined; description?: string | undefined } {
  if (text === undefined) return {};
  try {
    return pyproject.parse(parseToml(text)).project ?? {};
  } catch {
    return {};
  }
}

/** How much of two texts is the same: the share of lines that both have. */
export function similarity(a: string, b: string): number {
  if (a === b) return 1;
  const [mine, theirs] = [a.split('\n'), b.split('\n')];
  const counts = new Map<string, number>();
  for (const line of mine) counts.set(line, (counts.get(line) ?? 0) + 1);
  let shared = 0;
  for (const line of theirs) {
    const left = counts.get(line) ?? 0;
    if (left === 0) continue;
    counts.set(line, left - 1);
    shared++;
  }
  return (2 * shared) / (mine.length + theirs.length);
}

/** How a project stands to what a template renders. */
export interface Fit {
  readonly identical: number;
  readonly edited: number;
  readonly missing: number;
  /** How much of the template's files the project has, from 0 to 1. */
  readonly share: number;
  /** What candidates are ordered by: files that are there speak for one, files that are missing against it. */
  readonly rank: number;
}

/**
 * What a file must have in common with its template to count for it. Missing files count little: a person deletes some, but
 * hardly anyone has a branch's files without the branch.
 */
const byChance = 0.25;

export function fitOf(
  baseline: Baseline,
  files: Listing,
  textOf: (blob: string) => string | undefined,
  own: ReadonlySet<string>,
): Fit {
  let [identical, edited, missing, sum, rank] = [0, 0, 0, 0, 0];
  for (const [path, { bytes }] of baseline) {
    if (own.has(path)) continue;
    const file = files.get(path);
    const text = file === undefined ? undefined : textOf(file.blob);
    const same = file?.blob === blobId(bytes);
    const alike = same ? 1 : text === undefined ? 0 : similarity(text, Buffer.from(bytes).toString());
    if (same) identical++;
    else if (file === undefined) missing++;
    else edited++;
    sum += alike;
    rank += alike - byChance;
  }
  const count = identical + edited + missing;
  return { identical, edited, missing, share: count === 0 ? 0 : sum / count, rank };
}
