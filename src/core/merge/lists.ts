import type { Hunk } from './conflict-text.js';
import { requiredPackage } from './requirements.js';

/** How entries stand in lines of their own: a whole entry, what it is about, and whether commas part them. */
interface EntrySyntax {
  /** Groups: indentation, entry, comma, line end. */
  readonly line: RegExp;
  readonly identity: (entry: string) => string;
  readonly commas: boolean;
}

interface Entry {
  readonly indent: string;
  /** The entry without its comma. */
  readonly text: string;
  readonly comma: boolean;
  readonly end: string;
}

const text = String.raw`"(?:[^"\\]|\\.)*"`;
const ends = String.raw`(\s*,)?\s*?(\r?\n)?$`;
const key = (entry: string): string => (/^("(?:[^"\\]|\\.)*"|[^=:]*)/.exec(entry)?.[0] ?? entry).trim();

/** `"torch>=2"` and `- torch>=2` are about torch: two versions of one package are not two entries. */
function subject(entry: string): string {
  const value = entry.replace(/^- /, '').replace(/^["']|["']$/g, '');
  return requiredPackage(value) ?? value;
}

const listItems: EntrySyntax = {
  line: new RegExp(String.raw`^(\s*)(${text}|'[^']*')${ends}`),
  identity: subject,
  commas: true,
};
const dashes: EntrySyntax = {
  // `- key: value` opens a map that may go on below.
  line: /^(\s*)(- (?![^"'#\n]*:(?:\s|$))[^\n]*?)()\s*?(\r?\n)?$/,
  identity: subject,
  commas: false,
};
const jsonPairs: EntrySyntax = {
  line: new RegExp(String.raw`^(\s*)(${text}\s*:\s*(?:${text}|[\w.+-]+|\[[^\[\]{}]*\]|\{[^\[\]{}]*\}))${ends}`),
  identity: key,
  commas: true,
};
const tomlPairs: EntrySyntax = {
  line: new RegExp(String.raw`^(\s*)((?:[\w.-]+|${text})\s*=\s*[^\s].*?)()\s*?(\r?\n)?$`),
  identity: key,
  commas: false,
};
const yamlPairs: EntrySyntax = {
  // Without a value it opens a map; `|` and `>` open a text; `&` and `*` name other places.
  line: /^(\s*)([\w.-]+:\s+[^\s|>&*#].*?)()\s*?(\r?\n)?$/,
  identity: key,
  commas: false,
};

const syntaxes: Record<string, readonly EntrySyntax[]> = {
  toml: [listItems, tomlPairs],
  json: [listItems, jsonPairs],
  ipynb: [listItems, jsonPairs],
  yaml: [dashes, yamlPairs],
  yml: [dashes, yamlPairs],
};

/**
 * Where both sides only added entries to the same list or table, both additions stand: ours, then theirs. Gives undefined
 * where that isn't so, or where both added the same package or key in different ways.
 */
export function mergeListHunk(hunk: Hunk, path: string): string[] | undefined {
  const known = syntaxes[path.slice(path.lastIndexOf('.') + 1)] ?? [];
  for (const syntax of known) {
    const merged = mergeEntryLines(hunk, syntax);
    if (merged !== undefined) return merged;
  }
  return known.length === 0 ? undefined : mergeInlineList(hunk);
}

function mergeEntryLines(hunk: Hunk, syntax: EntrySyntax): string[] | undefined {
  const [base, ours, theirs] = [hunk.base, hunk.ours, hunk.theirs].map((lines) => readEntries(lines, syntax));
  if (base === undefined || ours === undefined || theirs === undefined) return undefined;
  if (!syntax.commas && new Set([...base, ...ours, ...theirs].map(({ indent }) => indent)).size > 1) return undefined;
  const texts = addedOnBothSides(base, ours, theirs, syntax.identity);
  if (texts === undefined) return undefined;
  const byText = new Map([...theirs, ...ours].map((item) => [item.text, item]));
  // The list may go on below the hunk: its last item keeps its comma unless one side's last item had none.
  const lastComma = [ours, theirs].every((items) => items.at(-1)?.comma ?? true);
  const end = ours[0]?.end || theirs[0]?.end || '\n';
  return texts.flatMap((entry, i) => {
    const item = byText.get(entry);
    if (item === undefined) return [];
    const last = i === texts.length - 1;
    const comma = syntax.commas && (!last || lastComma) ? ',' : '';
    return [`${item.indent}${entry}${comma}${last ? item.end || end : end}`];
  });
}

function readEntries(lines: readonly string[], syntax: EntrySyntax): Entry[] | undefined {
  const entries: Entry[] = [];
  for (const line of lines) {
    const match = syntax.line.exec(line);
    if (match === null) return undefined;
    const [, indent = '', entry = '', comma = '', end = ''] = match;
    entries.push({ indent, text: entry, comma: comma !== '', end });
  }
  return entries;
}

/** The entries of a merged list, or undefined where a side did more than add. */
function addedOnBothSides(
  base: readonly Entry[],
  ours: readonly Entry[],
  theirs: readonly Entry[],
  identity: EntrySyntax['identity'],
): string[] | undefined {
  const known = base.map((item) => item.text);
  const keepsBase = (items: readonly Entry[]): boolean =>
    JSON.stringify(items.map((item) => item.text).filter((entry) => known.includes(entry))) === JSON.stringify(known);
  if (!keepsBase(ours) || !keepsBase(theirs)) return undefined;
  const mine = ours.map((item) => item.text);
  const added = theirs.map((item) => item.text).filter((entry) => !known.includes(entry) && !mine.includes(entry));
  const taken = new Set(mine.map(identity));
  if (added.some((entry) => taken.has(identity(entry)))) return undefined;
  // After the base's last item, where both added at the end; else where ours stand.
  return [...mine, ...added];
}

/** `key = ["a", "b"]` on one line. */
function mergeInlineList(hunk: Hunk): string[] | undefined {
  const [base, ours, theirs] = [hunk.base, hunk.ours, hunk.theirs].map(readInline);
  if (base === undefined || ours === undefined || theirs === undefined) return undefined;
  if (base.head !== ours.head || base.head !== theirs.head) return undefined;
  const texts = addedOnBothSides(base.items, ours.items, theirs.items, subject);
  return texts === undefined ? undefined : [`${ours.head}[${texts.join(', ')}]${ours.tail}`];
}

function readInline(lines: readonly string[]): { head: string; items: Entry[]; tail: string } | undefined {
  const match = /^([^[\]]*[=:]\s*)\[([^[\]]*)\](\s*,?\r?\n?)$/.exec(lines.length === 1 ? (lines[0] ?? '') : '');
  if (match === null) return undefined;
  const inner = (match[2] ?? '').trim().replace(/,$/, '');
  if (!/^("[^"\\]*"(\s*,\s*"[^"\\]*")*)?$/.test(inner)) return undefined;
  const items = (inner.match(/"[^"]*"/g) ?? []).map((entry): Entry => ({
    indent: '',
    text: entry,
    comma: false,
    end: '',
  }));
  return { head: match[1] ?? '', items, tail: match[3] ?? '' };
}
