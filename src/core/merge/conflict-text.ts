import { linesOf } from '../text.js';

/** Text with the conflicts that git left in it (style diff3), taken apart. */
export type Segment = readonly string[] | Hunk;

export interface Hunk {
  readonly ours: readonly string[];
  readonly base: readonly string[];
  readonly theirs: readonly string[];
}

export interface Labels {
  readonly ours: string;
  readonly base: string;
  readonly theirs: string;
}

export const isHunk = (segment: Segment): segment is Hunk => !Array.isArray(segment);

const marker = (char: string, label?: string): string => char.repeat(7) + (label === undefined ? '' : ` ${label}`);

const bare = (line: string): string => line.replace(/\r?\n$/, '');

/** Git adds the path to a label where the sides have the file at different ones, and shortens the id of the base. */
function isMarker(line: string, char: string, label: string): boolean {
  if (!line.startsWith(`${char.repeat(7)} `)) return false;
  const [name = ''] = line.slice(8).split(':', 1);
  return name === label || (char === '|' && name.length > 3 && label.startsWith(name));
}

/** Splits a merged file at git's markers. Only markers with these labels count: a file may hold others of its own. */
export function splitConflicts(text: string, labels: Labels): Segment[] {
  const segments: Segment[] = [];
  let plain: string[] = [];
  let hunk: { ours: string[]; base: string[]; theirs: string[] } | undefined;
  let side: 'ours' | 'base' | 'theirs' = 'ours';
  for (const line of linesOf(text)) {
    const content = bare(line);
    if (hunk === undefined) {
      if (isMarker(content, '<', labels.ours)) {
        segments.push(plain);
        plain = [];
        hunk = { ours: [], base: [], theirs: [] };
        side = 'ours';
      } else plain.push(line);
    } else if (side === 'ours' && isMarker(content, '|', labels.base)) side = 'base';
    else if (side === 'base' && content === marker('=')) side = 'theirs';
    else if (side === 'theirs' && isMarker(content, '>', labels.theirs)) {
      segments.push(hunk);
      hunk = undefined;
    } else hunk[side].push(line);
  }
  // A hunk without an end is none.
  if (hunk !== undefined) return [linesOf(text)];
  segments.push(plain);
  return segments;
}

export type ConflictStyle = 'merge' | 'diff3';

/** Puts the text together again, with labels that a person understands. */
export function joinConflicts(segments: readonly Segment[], labels: Labels, style: ConflictStyle): string {
  const all = segments.flatMap((segment) => (isHunk(segment) ? [...segment.ours, ...segment.theirs] : segment));
  const end = all.some((line) => line.endsWith('\r\n')) ? '\r\n' : '\n';
  const whole = (lines: readonly string[]): string => {
    const text = lines.join('');
    return text === '' || text.endsWith('\n') ? text : text + end;
  };
  return segments
    .map((segment) => {
      if (!isHunk(segment)) return segment.join('');
      const base = style === 'diff3' ? marker('|', labels.base) + end + whole(segment.base) : '';
      const { ours, theirs } = segment;
      return `${marker('<', labels.ours)}${end}${whole(ours)}${base}${marker('=')}${end}${whole(theirs)}${marker('>', labels.theirs)}${end}`;
    })
    .join('');
}

/** A file that could not be merged line by line: both versions whole, one after the other. */
export const wholeFileConflict = (ours: string, theirs: string, labels: Labels): string =>
  joinConflicts([{ ours: linesOf(ours), base: [], theirs: linesOf(theirs) }], labels, 'merge');
