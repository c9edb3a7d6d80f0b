import { parseRendered, repeatedKey } from '../parse.js';
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
import { mergeContainedHunk } from './contained.js';
import { clashingRequirement } from './requirements.js';
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
  const found = file.conflicted ? splitConflicts(file.text, labels) : [];
  const segments = found.map((segment) => mergeHunk(segment, file.path, valuesOnly));
  const reason = 'both sides changed the same lines';
  if (segments.some(isHunk)) return { kind: 'conflict', text: joinConflicts(segments, shown, style), reason };
  // What git calls a conflict is none only where each of its hunks was found and settled. Nested ones are not taken apart.
  if (file.conflicted && !found.some(isHunk)) {
    const text = file.text.replaceAll(labels.ours, shown.ours).replaceAll(labels.theirs, shown.theirs);
    return { kind: 'conflict', text, reason };
  }
  const text = file.conflicted ? joinConflicts(segments, shown, style) : file.text;
  const fault = faultOf({ ...file, text });
  if (fault === undefined) return { kind: 'clean', text };
  const { ours = '', theirs = '' } = file;
  return { kind: 'conflict', text: wholeFileConflict(ours, theirs, shown), reason: fault };
}

/** What a merge of lines broke that was whole on both sides. */
function faultOf(file: MergedText): string | undefined {
  const { path, text, ours = '', theirs = '' } = file;
  const fault = parseRendered(path, text) ?? repeatedKey(path, text);
  if (fault !== undefined) return wasBroken(file) ? undefined : `the merged lines are no valid ${fault}`;
  const name = clashingRequirement(path, text, [ours, theirs]);
  return name === undefined ? undefined : `both sides require ${name}, each in its own way`;
}

function mergeHunk(segment: Segment, path: string, valuesOnly: boolean): Segment {
  if (!isHunk(segment)) return segment;
  const values = valuesOnly ? mergeAroundHunk(segment) : undefined;
  return mergeListHunk(segment, path) ?? values ?? mergeContainedHunk(segment) ?? segment;
}

/** A file that did not parse before the merge is not made worse by it: JSON with comments, a template, a test's bad input. */
const wasBroken = ({ path, ours, theirs }: MergedText): boolean =>
  [ours, theirs].some(
    (text) => text !== undefined && (parseRendered(path, text) ?? repeatedKey(path, text)) !== undefined,
  );
