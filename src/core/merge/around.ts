import type { Hunk } from './conflict-text.js';

/**
 * Lines that a person added directly above or below lines that only got other values: theirs, with the additions where
 * they were. Gives undefined where a line of the template itself was edited.
 */
export function mergeAroundHunk({ ours, base, theirs }: Hunk): string[] | undefined {
  if (base.length === 0 || base.length !== theirs.length) return undefined;
  const merged: string[] = [];
  let next = 0;
  for (const line of ours) {
    if (next < base.length && line === base[next]) merged.push(theirs[next++] ?? line);
    else merged.push(line);
  }
  return next === base.length ? merged : undefined;
}
