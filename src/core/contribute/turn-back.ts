import { MlsysError } from '../../errors.js';
import { renderText } from '../render.js';
import { type Hunk, hunksOf } from './edits.js';
import { type Change, mapHunk, type Mapped, reasonAt, type TurnBack, turnEdit } from './map-hunk.js';
import { type Piece, piecesOf } from './pieces.js';
import { escapeBraces } from './values.js';

/** Lines that can't be brought back. */
export interface Refusal {
  /** In the wanted text, from 1. */
  readonly line: number;
  readonly reason: string;
}

export interface TurnedBack {
  readonly template: string;
  /** What the new template renders: what was wanted, without the lines that are refused. */
  readonly rendered: string;
  readonly refused: readonly Refusal[];
}

/**
 * The template that renders the wanted text, as near to the present one as can be: each run that differs is traced to its
 * place in the template and changed there, and counts only if rendering gives what is wanted.
 */
export function turnBack(request: TurnBack): TurnedBack {
  const { template, rendered, wanted } = request;
  const hunks = hunksOf(rendered, wanted);
  const pieces = tracePieces(request);
  if ('reason' in pieces) {
    const refused = hunks.map(({ line }) => ({ line, reason: pieces.reason }));
    return { template, rendered, refused };
  }
  const refused: Refusal[] = [];
  const mapped = hunks.flatMap((hunk): Mapped[] => {
    const result = mapHunk(hunk, pieces, request);
    if (!('reason' in result)) return [result];
    refused.push({ line: hunk.line, reason: result.reason });
    return [];
  });
  const accepted: Accepted = { changes: [], hunks: [] };
  for (const group of groupsOf(mapped)) {
    const reason = accept(group, accepted, request);
    if (reason === undefined) continue;
    refused.push(
      ...group.hunks.map((hunk) => ({ line: hunk.line, reason: reasonAt(hunk, pieces, template) ?? reason })),
    );
  }
  return {
    template: applyChanges(template, accepted.changes),
    rendered: applyHunks(rendered, wanted, accepted.hunks),
    refused: refused.sort((a, b) => a.line - b.line),
  };
}

function tracePieces({ template, data, path }: TurnBack): readonly Piece[] | { readonly reason: string } {
  try {
    return piecesOf(template, data, path) ?? { reason: 'its place in the template can’t be told' };
  } catch (error) {
    if (!(error instanceof MlsysError)) throw error;
    return { reason: failure(error, path) };
  }
}

const failure = (error: MlsysError, path: string): string =>
  `the template could not be rendered: ${error.message.replace(`${path}: `, '')}`;

interface Accepted {
  changes: readonly Change[];
  hunks: readonly Hunk[];
}

/** Takes a group in if the template then renders it, and nothing else than it did. Else says why not. */
function accept(group: Group, accepted: Accepted, request: TurnBack): string | undefined {
  const { template, rendered, wanted, data, path } = request;
  const hunks = [...accepted.hunks, ...group.hunks];
  const expected = applyHunks(rendered, wanted, hunks);
  let reason = 'the template would render something else';
  for (const way of group.ways) {
    const changes = [...accepted.changes, ...way];
    if (overlap(changes)) {
      reason = 'the template has one place for these lines, and they were changed in different ways';
      continue;
    }
    try {
      if (renderText(applyChanges(template, changes), data, path) !== expected) continue;
    } catch (error) {
      if (!(error instanceof MlsysError)) throw error;
      reason = failure(error, path);
      continue;
    }
    [accepted.changes, accepted.hunks] = [changes, hunks];
    return undefined;
  }
  return reason;
}

interface Group {
  readonly hunks: Hunk[];
  ways: readonly (readonly Change[])[];
}

/** Hunks that can change the template in the same way are one: lines of a loop that were all changed alike. */
function groupsOf(mapped: readonly Mapped[]): Group[] {
  const groups: Group[] = [];
  for (const { hunk, ways } of mapped) {
    const known = new Set(ways.map((way) => JSON.stringify(way)));
    const inCommon = (group: Group) => group.ways.filter((way) => known.has(JSON.stringify(way)));
    const group = groups.find((one) => inCommon(one).length > 0);
    if (group === undefined) groups.push({ hunks: [hunk], ways });
    else {
      group.ways = inCommon(group);
      group.hunks.push(hunk);
    }
  }
  return groups;
}

function overlap(changes: readonly Change[]): boolean {
  const sorted = [...changes].sort((a, b) => a.from - b.from || a.to - b.to);
  return sorted.some(({ from, to }, i) => {
    const before = sorted[i - 1];
    return before !== undefined && (from < before.to || (from === before.from && to === before.to));
  });
}

function applyChanges(text: string, changes: readonly Change[]): string {
  let [result, at] = ['', 0];
  for (const { from, to, text: next } of [...changes].sort((a, b) => a.from - b.from || a.to - b.to)) {
    result += text.slice(at, from) + next;
    at = to;
  }
  return result + text.slice(at);
}

const applyHunks = (rendered: string, wanted: string, hunks: readonly Hunk[]): string =>
  applyChanges(
    rendered,
    hunks.flatMap(({ edits }) =>
      edits.map(({ start, end, newStart, newEnd }) => ({ from: start, to: end, text: wanted.slice(newStart, newEnd) })),
    ),
  );

/** A file that was no template, and whether it is one now. */
export interface Made extends TurnedBack {
  readonly isTemplate: boolean;
}

/**
 * A file that was no template, as one. `undefined` where it needs none: nothing new in it names the project. Text with braces
 * can't be a template; it stays plain, and without the lines that name the project.
 */
export function makeTemplate(plain: Omit<TurnBack, 'template' | 'isTemplate'>): Made | undefined {
  const { rendered, wanted } = plain;
  const request: TurnBack = { ...plain, template: escapeBraces(rendered), isTemplate: false };
  const hunks = hunksOf(rendered, wanted);
  const isNamed = ({ edits }: Hunk): boolean =>
    edits.some((edit) => turnEdit(edit, { from: 0, loops: [] }, [], request).found > 0);
  const named = hunks.filter(isNamed);
  if (named.length === 0) return undefined;
  if (![rendered, wanted].some((text) => /(?<!\$)\{\{/.test(text))) return { ...turnBack(request), isTemplate: true };
  const text = applyHunks(
    rendered,
    wanted,
    hunks.filter((hunk) => !named.includes(hunk)),
  );
  const reason = 'it names the project, and a file with "{{" in it can’t be a template';
  return { template: text, rendered: text, refused: named.map(({ line }) => ({ line, reason })), isTemplate: false };
}
