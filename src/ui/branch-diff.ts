import type { BranchDifference, Change, FactChange, FileChange } from '../core/branch-diff.js';
import { columns, plural, style } from './style.js';

/** Lines that a file gained and lost, where it is text. */
export type LineCounts = ReadonlyMap<string, { readonly added: number; readonly removed: number }>;

const signs: Record<Change, string> = { added: '+', removed: '-', changed: '~' };
const paints: Record<Change, (text: string) => string> = {
  added: style.green,
  removed: style.red,
  changed: style.yellow,
};

export function describeBranchDiff(
  { sections, files }: BranchDifference,
  { from, to, counts }: { readonly from: string; readonly to: string; readonly counts: LineCounts },
): string {
  if (sections.length === 0 && files.length === 0) return `${from} and ${to} give the same project`;
  return [
    `${style.bold(from)} → ${style.bold(to)}: + only in ${to}, - only in ${from}, ~ different`,
    ...sections.flatMap(({ title, changes }) => ['', style.bold(title), ...table(changes)]),
    ...(files.length === 0 ? [] : ['', style.bold('files'), ...files.map((file) => fileRow(file, counts))]),
    '',
    summary(files),
  ].join('\n');
}

function table(changes: readonly FactChange[]): string[] {
  const width = Math.max(...changes.map(({ name }) => name.length));
  return changes.map(({ name, change, before, after }) => {
    const both = change === 'changed' && before !== after;
    const text = both ? `${before} → ${after}` : (after ?? before ?? '');
    const head = paints[change](`${signs[change]} ${name.padEnd(width)}`).trimEnd();
    if (text === '' || width + text.length + 6 <= columns()) return `  ${head}  ${text}`.trimEnd();
    return [`  ${head}`, ...(both ? [`      ${before}`, `    → ${after}`] : [`      ${text}`])].join('\n');
  });
}

function fileRow({ path, change }: FileChange, counts: LineCounts): string {
  const count = counts.get(path);
  const note = count === undefined || change !== 'changed' ? '' : `  ${style.dim(`+${count.added} -${count.removed}`)}`;
  return `  ${paints[change](`${signs[change]} ${path}`)}${note}`;
}

function summary(files: readonly FileChange[]): string {
  const words: [Change, string][] = [
    ['added', 'added'],
    ['removed', 'removed'],
    ['changed', 'different'],
  ];
  const counts = words.flatMap(([change, word]) => {
    const count = files.filter((file) => file.change === change).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `${plural(files.length, 'file')}${counts.length === 0 ? '' : `: ${counts.join(', ')}`}`;
}
