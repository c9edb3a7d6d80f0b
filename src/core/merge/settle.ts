import { parseRendered } from '../parse.js';
import {
  type ConflictStyle,
  isHunk,
  joinConflicts,
  type Labels,
  type Segment,
  splitConflicts,
  wholeFileConflict,
} from './conflict-text.js';
import { mergeAroundHunk } from './around.js';
import { mergeListHunk } from './lists.js';

/** A file that git merged, or left with conflicts, and what mlsys knows beyond lines. */
export interface MergedText {
  readonly path: string;
  readonly text: string;
  readonly conflicted: boolean;
  readonly ours: string | undefined;
  readonly theirs: string | undefined;
}

export type Settled =
  | { readonly kind: 'clean'; readonly text: string }
  | { readonly kind: 'conflict'; readonly text: string; readonly reason: string };

export interface SettleOptions {
  /** The labels that git wrote. */
  readonly labels: Labels;
  /** Those that a person should read. */
  readonly shown: Labels;
  readonly style: ConflictStyle;
  /** Whether the template only puts other values into its lines, so that lines added beside one can stay there. */
  readonly valuesOnly: boolean;
}

/**
 * Decides what a merge of lines can't: additions to one list by both sides are no conflict, and a file that no longer
 * parses is one, although its lines merged.
 */
export function settle(file: MergedText, { labels, shown, style, valuesOnly }: SettleOptions): Settled {
  const segments = file.conflicted
    ? splitConflicts(file.text, labels).map((segment) => mergeHunk(segment, file.path, valuesOnly))
    : [];
  if (segments.some(isHunk))
    return {
      kind: 'conflict',
      text: joinConflicts(segments, shown, style),
      reason: 'both sides changed the same lines',
    };
  const text = file.conflicted ? joinConflicts(segments, shown, style) : file.text;
  const fault = parseRendered(file.path, text);
  if (fault === undefined || bothBroken(file)) return { kind: 'clean', text };
  const { ours = '', theirs = '' } = file;
  return {
    kind: 'conflict',
    text: wholeFileConflict(ours, theirs, shown),
    reason: `the merged lines are no valid ${fault}`,
  };
}

function mergeHunk(segment: Segment, path: string, valuesOnly: boolean): Segment {
  if (!isHunk(segment)) return segment;
  return mergeListHunk(segment, path) ?? (valuesOnly ? mergeAroundHunk(segment) : undefined) ?? segment;
}

/** A file that did not parse before the merge is not made worse by it: JSON with comments, a template, a test's bad input. */
const bothBroken = ({ path, ours, theirs }: MergedText): boolean =>
  [ours, theirs].some((text) => text !== undefined && parseRendered(path, text) !== undefined);
