import type { Action, Plan, PlanEntry } from '../core/plan.js';
import { columns, errorStyle as style, plural } from './style.js';

const looks: Record<Action, { readonly sign: string; readonly paint: (text: string) => string }> = {
  create: { sign: '+', paint: style.green },
  update: { sign: '~', paint: style.yellow },
  move: { sign: '>', paint: style.cyan },
  delete: { sign: '-', paint: style.red },
  keep: { sign: '=', paint: style.dim },
  conflict: { sign: '!', paint: (text) => style.bold(style.red(text)) },
};

/** How many rows are shown before the rest is counted. Conflicts are never left out. */
const mostRows = 60;

/** A plan as a tree of folders, each file with a sign and a word. */
export function renderPlan({ entries: all }: Plan): string[] {
  const folders = folderMoves(all);
  const entries = all.filter((entry) => folderMoveOf(entry, folders) === undefined);
  const shown =
    entries.length > mostRows ? entries.filter((entry, i) => entry.action === 'conflict' || i < mostRows) : entries;
  const lines = [...folders].map(
    ([folder, { from, count }]) => style.cyan(`> ${folder}/`) + style.dim(`  ${plural(count, 'file')} from ${from}/`),
  );
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
  return [...lines, ...totals(all)];
}

interface FolderMove {
  readonly from: string;
  readonly count: number;
}

/** What is left of a move's two paths when their equal ends are taken off. */
function movedFolder({ path, from, action }: PlanEntry): readonly [string, string] | undefined {
  if (action !== 'move' || from === undefined) return undefined;
  const [to, former] = [path.split('/'), from.split('/')];
  while (to.length > 1 && former.length > 1 && to.at(-1) === former.at(-1)) {
    to.pop();
    former.pop();
  }
  return to.join('/') === path ? undefined : [to.join('/'), former.join('/')];
}

/** Folders that move as a whole are one row. */
function folderMoves(entries: readonly PlanEntry[]): Map<string, FolderMove> {
  const folders = new Map<string, FolderMove>();
  for (const entry of entries) {
    const [to, from] = movedFolder(entry) ?? [];
    if (to === undefined || from === undefined) continue;
    const known = folders.get(to);
    if (known === undefined || known.from === from) folders.set(to, { from, count: (known?.count ?? 0) + 1 });
  }
  return new Map([...folders].filter(([, { count }]) => count > 1));
}

function folderMoveOf(entry: PlanEntry, folders: ReadonlyMap<string, FolderMove>): FolderMove | undefined {
  const [to, from] = movedFolder(entry) ?? [];
  const move = to === undefined ? undefined : folders.get(to);
  return move?.from === from ? move : undefined;
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
    ['move', 'moved'],
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
