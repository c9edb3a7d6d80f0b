import type { Hunk } from './conflict-text.js';

/**
 * Where one side did all that the other did, and more: that side. So a change that the template took from a project comes
 * back without a conflict, although other lines came along or stayed behind.
 */
export function mergeContainedHunk({ ours, base, theirs }: Hunk): readonly string[] | undefined {
  if (contains(theirs, ours, base)) return theirs;
  return contains(ours, theirs, base) ? ours : undefined;
}

type Lines = readonly string[];

/** Whether `large` has all lines of `small`, in order, and none that `small` took away. A bracket alone is no evidence. */
function contains(large: Lines, small: Lines, base: Lines): boolean {
  const added = without(small, base);
  if (!added.some((line) => /\w\w/.test(line)) || !isSubsequence(small, large)) return false;
  const removed = new Set(without(base, small));
  return !without(large, small).some((line) => removed.has(line));
}

/** The lines left when each line of the second list has taken away one equal to it. */
function without(lines: Lines, others: Lines): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    if (count > 0) left.set(line, count - 1);
    return count === 0;
  });
}

function isSubsequence(small: Lines, large: Lines): boolean {
  let next = 0;
  for (const line of large) if (line === small[next]) next++;
  return next === small.length;
}
