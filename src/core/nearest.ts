/** Damerau-Levenshtein distance (optimal string alignment), as in Boytsov 2011, section 2. */
export function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + change);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(a.length, b.length);
}

/** The candidate that was most likely meant: one that starts with the word, else the closest within a third of its length. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const typed = word.slice(0, 100).toLowerCase();
  const started = typed.length >= 3 ? candidates.find((c) => c.startsWith(typed)) : undefined;
  if (started !== undefined) return started;
  const ranked = candidates
    .map((candidate) => ({ candidate, d: distance(typed, candidate.toLowerCase()) }))
    .filter(({ candidate, d }) => d <= Math.max(1, Math.floor(Math.max(candidate.length, typed.length) / 3)))
    .sort((x, y) => x.d - y.d);
  return ranked[0]?.candidate;
}

export function didYouMean(word: string, candidates: readonly string[], all = 'there are'): string {
  const near = nearest(word, candidates);
  return near === undefined ? `${all}: ${candidates.join(', ')}` : `did you mean ${near}?`;
}
