import type { Finding, Status } from '../doctor/check.js';
import type { Checked } from '../doctor/index.js';
import { plural, style } from './style.js';

const colours: Record<Status, (text: string) => string> = {
  ok: style.green,
  warn: style.yellow,
  fail: style.red,
  skip: style.dim,
};

/** One line a check; what can be done stands below it. Checks with the finding `outside` are one line together. */
export function renderChecks(results: readonly Checked[], outside: Finding): string {
  const rows = results.map(({ check, finding }) => ({ title: check.title, ...finding }));
  const shown = rows.filter(({ found }) => found !== outside.found);
  const all = shown.length === rows.length ? rows : [...shown, { title: 'project', ...outside }];
  const width = Math.max(...all.map(({ title }) => title.length));
  return all
    .flatMap(({ title, status, found, fix }) => [
      `${colours[status](status.padEnd(4))}  ${style.bold(title.padEnd(width))}  ${found}`,
      ...(fix === undefined ? [] : [`${' '.repeat(6)}${style.cyan('fix:')} ${fix}`]),
    ])
    .join('\n');
}

export function summariseChecks(results: readonly Checked[]): string {
  const count = (status: Status): number => results.filter(({ finding }) => finding.status === status).length;
  const fixable = results.filter(({ finding }) => finding.apply !== undefined).length;
  const found = `${plural(count('fail'), 'fault')}, ${plural(count('warn'), 'warning')}`;
  return fixable === 0 ? found : `${found}; \`mlsys doctor --fix\` mends ${fixable}`;
}

export const dataOfChecks = (results: readonly Checked[]) =>
  results.map(({ check: { name }, finding: { status, found, fix } }) => ({ name, status, found, fix: fix ?? null }));
