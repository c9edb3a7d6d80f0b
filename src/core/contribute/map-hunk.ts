import { composedNames } from '../../schema/manifest.js';
import { aroundValues, type Hunk, type TextEdit } from './edits.js';
import type { Piece } from './pieces.js';
import { type Expression, importsByName, turnValues, type Values } from './values.js';

export interface TurnBack {
  readonly path: string;
  /** The template text, and what it renders. */
  readonly template: string;
  readonly rendered: string;
  /** What it should render. */
  readonly wanted: string;
  readonly data: object;
  readonly values: Values;
  /** Whether the file was a template before. */
  readonly isTemplate: boolean;
}

/** A change of the template text. */
export interface Change {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export interface Mapped {
  readonly hunk: Hunk;
  /** Ways to make it: text between two statements can go to either side of what is between them. */
  readonly ways: readonly (readonly Change[])[];
}

/** Finds the places of a hunk in the template, and the text to put there. */
export function mapHunk(hunk: Hunk, pieces: readonly Piece[], request: TurnBack): Mapped | { readonly reason: string } {
  const [first, second]: [Change[], Change[]] = [[], []];
  for (const edit of aroundValues(hunk.edits, pieces)) {
    const places = placesOf(edit, pieces, request.template);
    if (places.length === 0) return { reason: blockReason(edit, pieces, request.template) };
    const [place = { from: 0, to: 0, loops: [] }, other = place] = places;
    const lost = hunk.isPair ? lostValue(edit, pieces, request) : undefined;
    if (lost !== undefined) return { reason: lost };
    const turned = places.map(({ from, loops }) => turnEdit(edit, { from, loops }, pieces, request));
    const [text = '', otherText = text] = turned.map((one) => one.text);
    first.push({ from: place.from, to: place.to, text });
    second.push({ from: other.from, to: other.to, text: otherText });
  }
  return { hunk, ways: JSON.stringify(first) === JSON.stringify(second) ? [first] : [first, second] };
}

/** The new text of an edit, as a template says it. */
export function turnEdit(
  { newStart, newEnd }: TextEdit,
  { from, loops }: Pick<Place, 'from' | 'loops'>,
  pieces: readonly Piece[],
  { wanted, path, template, values, isTemplate, rendered }: TurnBack,
) {
  const site = {
    path,
    left: wanted.slice(Math.max(0, newStart - 200), newStart),
    right: wanted.slice(newEnd, newEnd + 200),
    at: from,
    loops,
    isTemplate,
    isImported: importsByName(path, wanted, values.names.package_name),
  };
  return turnValues(wanted.slice(newStart, newEnd), site, values, expressionsOf(pieces, template, rendered));
}

function expressionsOf(pieces: readonly Piece[], template: string, rendered: string): Expression[] {
  return pieces.flatMap(({ isValue, from, to, start, end, blocks }) =>
    isValue
      ? [
          {
            source: template.slice(from, to),
            output: rendered.slice(start, end),
            at: from,
            loops: loopsOf(blocks).join(),
          },
        ]
      : [],
  );
}

const loopsOf = (blocks: Piece['blocks']): number[] => blocks.flatMap(({ id, kind }) => (kind === 'each' ? [id] : []));

interface Place {
  readonly from: number;
  readonly to: number;
  readonly loops: readonly number[];
}

const startOf = ({ from, isEscaped }: Piece): number => (isEscaped ? from - 1 : from);

/** The places in the template that a run of its output stands for; none where a tag of a block is between its ends. */
function placesOf({ start, end }: TextEdit, pieces: readonly Piece[], template: string): Place[] {
  const placeIn = (piece: Piece, at: number): number =>
    at === piece.start ? startOf(piece) : piece.isValue ? piece.to : piece.from + at - piece.start;
  if (start === end) {
    const sides = pieces.filter((piece) => piece.start <= start && start <= piece.end);
    const places = sides.map((piece) => {
      const from = start === piece.end ? piece.to : placeIn(piece, start);
      return { from, to: from, loops: loopsOf(piece.blocks), depth: piece.blocks.length };
    });
    if (places.length === 0) places.push({ from: template.length, to: template.length, loops: [], depth: 0 });
    const outer = places.sort((a, b) => a.depth - b.depth);
    return outer.filter(({ from }, i) => outer.findIndex((other) => other.from === from) === i).slice(0, 2);
  }
  const covered = pieces.filter((piece) => piece.start < end && start < piece.end);
  const [first, last] = [covered[0], covered.at(-1)];
  if (first === undefined || last === undefined) return [];
  const isWhole = covered.every((piece, i) => i === 0 || startOf(piece) === covered[i - 1]?.to);
  const to = end === last.end ? last.to : placeIn(last, end);
  return isWhole ? [{ from: placeIn(first, start), to, loops: loopsOf(first.blocks) }] : [];
}

/** Why a changed line that lost a value can't be brought back: that is the project's own answer, and no text of the template. */
function lostValue(edit: TextEdit, pieces: readonly Piece[], request: TurnBack): string | undefined {
  const { template, rendered, wanted } = request;
  const text = wanted.slice(edit.newStart, edit.newEnd);
  const values = pieces.filter((piece) => piece.isValue && piece.start < edit.end && edit.start < piece.end);
  const lost = values.find(({ start, end }) => !text.includes(rendered.slice(start, end)));
  if (lost === undefined) return undefined;
  return manifestReason(lost, template) ?? `it replaces the value of ${template.slice(lost.from, lost.to)}`;
}

const composed: readonly string[] = composedNames.slice(2);

/** Why lines in a block can't be changed, where more is known than that they can't. */
export function reasonAt({ edits }: Hunk, pieces: readonly Piece[], template: string): string | undefined {
  for (const edit of edits) {
    const isInsertion = edit.start === edit.end;
    for (const piece of pieces) {
      const touches = isInsertion
        ? piece.start <= edit.end && edit.start <= piece.end
        : piece.start < edit.end && edit.start < piece.end;
      const reason = touches ? manifestReason(piece, template) : undefined;
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

function manifestReason({ blocks, isValue, from, to }: Piece, template: string): string | undefined {
  if (isValue && template.startsWith('{{{', from))
    return `the lines come from ${template.slice(from, to)}: change the README section of the layer`;
  const loop = blocks.find(({ kind, subject }) => kind === 'each' && composed.includes(subject.split(/[./]/)[0] ?? ''));
  if (loop === undefined) return undefined;
  return `the lines are made from the ${loop.subject} of the layers: change layer.yaml or branch.yaml`;
}

function blockReason({ start, end }: TextEdit, pieces: readonly Piece[], template: string): string {
  const covered = pieces.filter((piece) => piece.start < end && start < piece.end);
  for (const piece of covered) {
    const reason = manifestReason(piece, template);
    if (reason !== undefined) return reason;
  }
  const block = covered.flatMap(({ blocks }) => blocks)[0];
  return block === undefined
    ? 'a tag of the template stands between the lines'
    : `the lines go across {{#${block.kind === 'else' ? 'if' : block.kind} ${block.subject}}}`;
}
