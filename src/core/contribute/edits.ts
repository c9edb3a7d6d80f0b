import { linesOf } from '../text.js';
import { differences, type Span, tokensOf } from './line-diff.js';
import type { Piece } from './pieces.js';

/** A run of rendered text and what should stand there instead. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  /** The new text, by its place in what is wanted. */
  readonly newStart: number;
  readonly newEnd: number;
}

/** What was changed together: one line, or some lines that became more or fewer. */
export interface Hunk {
  /** The line of the wanted text that it begins with, from 1. */
  readonly line: number;
  readonly edits: readonly TextEdit[];
  /** Whether one line became one other. */
  readonly isPair: boolean;
}

/** How much of a line must stay for it to be the same line, changed. */
const sameLine = 0.5;

/** The differences of two texts: within a line where it was changed, else of whole lines. */
export function hunksOf(rendered: string, wanted: string): Hunk[] {
  const [a, b] = [linesOf(rendered), linesOf(wanted)];
  const [aAt, bAt] = [offsets(a), offsets(b)];
  const hunks: Hunk[] = [];
  for (const span of differences(a, b)) {
    for (const { aStart, aEnd, bStart, bEnd } of linePairs(span)) {
      const edit: TextEdit = {
        start: aAt[aStart] ?? rendered.length,
        end: aAt[aEnd] ?? rendered.length,
        newStart: bAt[bStart] ?? wanted.length,
        newEnd: bAt[bEnd] ?? wanted.length,
      };
      const isPair = aEnd - aStart === 1 && bEnd - bStart === 1;
      hunks.push({ line: bStart + 1, edits: isPair ? withinLine(rendered, wanted, edit) : [edit], isPair });
    }
  }
  return hunks;
}

function offsets(lines: readonly string[]): number[] {
  const at = [0];
  for (const line of lines) at.push((at.at(-1) ?? 0) + line.length);
  return at;
}

/** As many new lines as old ones are taken for the same lines, each changed. */
function linePairs(span: Span): Span[] {
  const { aStart, aEnd, bStart, bEnd } = span;
  if (aEnd - aStart !== bEnd - bStart) return [span];
  return Array.from({ length: aEnd - aStart }, (_, i) => ({
    aStart: aStart + i,
    aEnd: aStart + i + 1,
    bStart: bStart + i,
    bEnd: bStart + i + 1,
  }));
}

function withinLine(rendered: string, wanted: string, line: TextEdit): readonly TextEdit[] {
  const a = tokensOf(rendered.slice(line.start, line.end));
  const b = tokensOf(wanted.slice(line.newStart, line.newEnd));
  const spans = differences(a, b);
  const changed = spans.reduce((sum, { aStart, aEnd }) => sum + a.slice(aStart, aEnd).join('').trim().length, 0);
  const size = Math.max(a.join('').trim().length, b.join('').trim().length);
  if (a.join('').trim().length - changed < size * sameLine) return [line];
  const [aAt, bAt] = [offsets(a), offsets(b)];
  return spans.map(({ aStart, aEnd, bStart, bEnd }) => ({
    start: line.start + (aAt[aStart] ?? 0),
    end: line.start + (aAt[aEnd] ?? 0),
    newStart: line.newStart + (bAt[bStart] ?? 0),
    newEnd: line.newStart + (bAt[bEnd] ?? 0),
  }));
}

/** Edits that go through a value take in the whole of it. Those that come to touch are one. */
export function aroundValues(edits: readonly TextEdit[], pieces: readonly Piece[]): TextEdit[] {
  const joined: TextEdit[] = [];
  for (const edit of edits) {
    let { start, end, newStart, newEnd } = edit;
    for (const piece of pieces) {
      const cuts = piece.start < end && start < piece.end;
      const splits = start === end && piece.start < start && start < piece.end;
      if (!piece.isValue || !(cuts || splits)) continue;
      const [before, after] = [Math.max(0, start - piece.start), Math.max(0, piece.end - end)];
      [start, end, newStart, newEnd] = [start - before, end + after, newStart - before, newEnd + after];
    }
    const last = joined.at(-1);
    if (last === undefined || start > last.end) joined.push({ start, end, newStart, newEnd });
    else joined[joined.length - 1] = { ...last, end, newEnd };
  }
  return joined;
}
