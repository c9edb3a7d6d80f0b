/** A run of items that differs: `[aStart, aEnd)` of the first list stands for `[bStart, bEnd)` of the second. */
export interface Span {
  readonly aStart: number;
  readonly aEnd: number;
  readonly bStart: number;
  readonly bEnd: number;
}

/** Lists that differ in more items than this are taken to share nothing but their ends. */
const mostDifferences = 2000;

/** The shortest list of differences, after Myers, "An O(ND) Difference Algorithm and Its Variations", 1986. */
export function differences(a: readonly string[], b: readonly string[]): Span[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let [aEnd, bEnd] = [a.length, b.length];
  while (aEnd > start && bEnd > start && a[aEnd - 1] === b[bEnd - 1]) [aEnd, bEnd] = [aEnd - 1, bEnd - 1];
  if (start === aEnd && start === bEnd) return [];
  const inner = [a.slice(start, aEnd), b.slice(start, bEnd)] as const;
  const whole: Span = { aStart: 0, aEnd: aEnd - start, bStart: 0, bEnd: bEnd - start };
  const spans = start === aEnd || start === bEnd ? [whole] : (spansOf(...inner) ?? [whole]);
  return spans.map((span) => ({
    aStart: span.aStart + start,
    aEnd: span.aEnd + start,
    bStart: span.bStart + start,
    bEnd: span.bEnd + start,
  }));
}

function spansOf(a: readonly string[], b: readonly string[]): Span[] | undefined {
  const trace = searchPath(a, b);
  if (trace === undefined) return undefined;
  const spans: Span[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d > 0; d--) {
    const before = trace[d - 1] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (before.get(k - 1) ?? -1) < (before.get(k + 1) ?? -1));
    const fromX = before.get(down ? k + 1 : k - 1) ?? 0;
    const fromY = fromX - (down ? k + 1 : k - 1);
    addSpan(spans, { aStart: fromX, aEnd: fromX + (down ? 0 : 1), bStart: fromY, bEnd: fromY + (down ? 1 : 0) });
    [x, y] = [fromX, fromY];
  }
  return spans;
}

/** How far each diagonal reaches with each number of differences. */
function searchPath(a: readonly string[], b: readonly string[]): Map<number, number>[] | undefined {
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= Math.min(a.length + b.length, mostDifferences); d++) {
    const before = trace.at(-1) ?? new Map<number, number>([[1, 0]]);
    const reach = new Map<number, number>();
    trace.push(reach);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (before.get(k - 1) ?? -1) < (before.get(k + 1) ?? -1));
      let x = down ? (before.get(k + 1) ?? 0) : (before.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return undefined;
}

/** Puts a span before the others, as one with the first where they touch. */
function addSpan(spans: Span[], span: Span): void {
  const [first] = spans;
  if (first !== undefined && first.aStart === span.aEnd && first.bStart === span.bEnd) {
    spans[0] = { aStart: span.aStart, aEnd: first.aEnd, bStart: span.bStart, bEnd: first.bEnd };
  } else spans.unshift(span);
}

/** Words, runs of spaces, and single marks. */
export const tokensOf = (text: string): string[] => text.match(/[\p{L}\p{N}_-]+|[ \t]+|[^]/gu) ?? [];
