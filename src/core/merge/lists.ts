import { normaliseDistribution } from '../names.js';
import type { Hunk } from './conflict-text.js';

/** How the items of a list stand in lines of their own, by language. */
type ListSyntax = 'comma' | 'dash';

const syntaxes: Record<string, ListSyntax> = {
  toml: 'comma',
  json: 'comma',
  ipynb: 'comma',
  yaml: 'dash',
  yml: 'dash',
};

interface Item {
  readonly indent: string;
  /** The item without its comma. */
  readonly text: string;
  readonly comma: boolean;
  readonly end: string;
}

/**
 * Where both sides only added items to the same list, both additions stand: ours, then theirs. Gives undefined where
 * that isn't so, or where both added the same package or key in different ways.
 */
export function mergeListHunk(hunk: Hunk, path: string): string[] | undefined {
  const syntax = syntaxes[path.slice(path.lastIndexOf('.') + 1)];
  if (syntax === undefined) return undefined;
  return mergeItemLines(hunk, syntax) ?? mergeInlineList(hunk);
}

function mergeItemLines(hunk: Hunk, syntax: ListSyntax): string[] | undefined {
  const [base, ours, theirs] = [hunk.base, hunk.ours, hunk.theirs].map((lines) => readItems(lines, syntax));
  if (base === undefined || ours === undefined || theirs === undefined) return undefined;
  const texts = addedOnBothSides(base, ours, theirs);
  if (texts === undefined) return undefined;
  const byText = new Map([...theirs, ...ours].map((item) => [item.text, item]));
  // The list may go on below the hunk: its last item keeps its comma unless one side's last item had none.
  const lastComma = [ours, theirs].every((items) => items.at(-1)?.comma ?? true);
  const end = ours[0]?.end || theirs[0]?.end || '\n';
  return texts.flatMap((text, i) => {
    const item = byText.get(text);
    if (item === undefined) return [];
    const comma = syntax === 'comma' && (i < texts.length - 1 || lastComma) ? ',' : '';
    return [`${item.indent}${text}${comma}${i < texts.length - 1 ? end : item.end || end}`];
  });
}

function readItems(lines: readonly string[], syntax: ListSyntax): Item[] | undefined {
  const pattern =
    syntax === 'comma' ? /^(\s*)("(?:[^"\\]|\\.)*"|'[^']*')(\s*,)?\s*?(\r?\n)?$/ : /^(\s*)(- [^\n]*?)()\s*?(\r?\n)?$/;
  const items: Item[] = [];
  for (const line of lines) {
    const match = pattern.exec(line);
    if (match === null) return undefined;
    // An entry `- key: value` opens a map that may go on below.
    if (syntax === 'dash' && /^- [^"'#]*:(\s|$)/.test(match[2] ?? '')) return undefined;
    items.push({
      indent: match[1] ?? '',
      text: match[2] ?? '',
      comma: match[3] !== undefined && match[3] !== '',
      end: match[4] ?? '',
    });
  }
  return items;
}

/** What an item is about: for a requirement the package, so that two versions of one package are not two items. */
function identity(text: string): string {
  const value = text.replace(/^- /, '').replace(/^["']|["']$/g, '');
  return normaliseDistribution(/^[\w.-]+/.exec(value)?.[0] ?? value);
}

/** The items of a merged list, or undefined where a side did more than add. */
function addedOnBothSides(base: readonly Item[], ours: readonly Item[], theirs: readonly Item[]): string[] | undefined {
  const known = base.map((item) => item.text);
  const keepsBase = (items: readonly Item[]): boolean =>
    JSON.stringify(items.map((item) => item.text).filter((text) => known.includes(text))) === JSON.stringify(known);
  if (!keepsBase(ours) || !keepsBase(theirs)) return undefined;
  const mine = ours.map((item) => item.text);
  const added = theirs.map((item) => item.text).filter((text) => !known.includes(text) && !mine.includes(text));
  const taken = new Set(mine.map(identity));
  if (added.some((text) => taken.has(identity(text)))) return undefined;
  // After the base's last item, where both added at the end; else where ours stand.
  return [...mine, ...added];
}

/** `key = ["a", "b"]` on one line. */
function mergeInlineList(hunk: Hunk): string[] | undefined {
  const [base, ours, theirs] = [hunk.base, hunk.ours, hunk.theirs].map(readInline);
  if (base === undefined || ours === undefined || theirs === undefined) return undefined;
  if (base.head !== ours.head || base.head !== theirs.head) return undefined;
  const texts = addedOnBothSides(base.items, ours.items, theirs.items);
  return texts === undefined ? undefined : [`${ours.head}[${texts.join(', ')}]${ours.tail}`];
}

function readInline(lines: readonly string[]): { head: string; items: Item[]; tail: string } | undefined {
  const match = /^([^[\]]*[=:]\s*)\[([^[\]]*)\](\s*,?\r?\n?)$/.exec(lines.length === 1 ? (lines[0] ?? '') : '');
  if (match === null) return undefined;
  const inner = (match[2] ?? '').trim().replace(/,$/, '');
  if (!/^("[^"\\]*"(\s*,\s*"[^"\\]*")*)?$/.test(inner)) return undefined;
  const items = (inner.match(/"[^"]*"/g) ?? []).map((text): Item => ({ indent: '', text, comma: false, end: '' }));
  return { head: match[1] ?? '', items, tail: match[3] ?? '' };
}
