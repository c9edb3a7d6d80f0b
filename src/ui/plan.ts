import type { Action, Plan, PlanEntry } from '../core/plan.js';
import { columns, errorStyle as style, plural } from './style.js';

const looks: Record<Action, { readonly sign: string; readonly paint: (text: string) => string }> = {
  create: { sign: '+', paint: style.green },
  update: { sign: '~', paint: style.yellow },
  delete: { sign: '-', paint: style.red },
  keep: { sign: '=', paint: style.dim },
  conflict: { sign: '!', paint: (text) => style.bold(style.red(text)) },
};

/** How many rows are shown before the rest is counted. Conflicts are never left out. */
const mostRows = 60;

/** A plan as a tree of folders, each file with a sign and a word. */
export function renderPlan({ entries }: Plan): string[] {
  const shown =
    entries.length > mostRows ? entries.filter((entry, i) => entry.action === 'conflict' || i < mostRows) : entries;
  const lines: string[] = [];
  let open: string[] = [];
  for (const entry of shown) {
    const parts = entry.path.split('/');
    const folders = parts.slice(0, -1);
    const same = folders.findIndex((name, i) => open[i] !== name);
    const from = same < 0 ? folders.length : same;
    for (let i = from; i < folders.length; i++) lines.push(`${'  '.repeat(i)}  ${style.dim(`${folders[i]}/`)}`);
    open = folders;
    lines.push(row(entry, parts.at(-1) ?? '', folders.length));
  }
  if (shown.length < entries.length) lines.push(`  … and ${entries.length - shown.length} more`);
  return [...lines, ...totals(entries)];
}

function row({ action, reason, from }: PlanEntry, name: string, depth: number): string {
  const { sign, paint } = looks[action];
  const why = [...(from === undefined ? [] : [`from ${from}`]), ...(reason === undefined ? [] : [reason])].join('; ');
  const text = `${'  '.repeat(depth)}${sign} ${name}`;
  const note =
    `${action === 'create' || action === 'update' || action === 'delete' ? '' : `${action}: `}${why}`.replace(
      /: $/,
      '',
    );
  const fits = text.length + note.length + 3 <= columns();
  return (
    paint(text) + (note === '' ? '' : fits ? `  ${style.dim(note)}` : `\n${'  '.repeat(depth + 2)}${style.dim(note)}`)
  );
}

function totals(entries: readonly PlanEntry[]): string[] {
  const words: readonly (readonly [Action, string])[] = [
    ['create', 'new'],
    ['update', 'changed'],
    ['delete', 'deleted'],
    ['conflict', 'in conflict'],
    ['keep', 'kept as yours'],
  ];
  const counts = words.flatMap(([action, word]) => {
    const count = entries.filter((entry) => entry.action === action).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return entries.length === 0 ? [] : ['', `${plural(entries.length, 'file')}: ${counts.join(', ')}`];
}
