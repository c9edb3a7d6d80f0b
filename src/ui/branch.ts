import type { Layer } from '../core/layer.js';
import type { Together } from '../core/together.js';
import type { Manifest } from '../schema/manifest.js';
import { columns, plural, style } from './style.js';

type Row = Pick<Manifest, 'name' | 'aliases' | 'title' | 'summary'>;

export function renderBranches(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows
    .flatMap(({ name, aliases, summary }) => [
      `${style.bold(name.padEnd(width))}  ${summary}`,
      ...(aliases.length > 0 ? [`${' '.repeat(width)}  ${style.dim(`also ${aliases.join(', ')}`)}`] : []),
    ])
    .join('\n');
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', style.bold(title), ...lines.map((text) => `  ${text}`)];

const table = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`.trimEnd());
};

/** What a branch asks, needs and brings, alone and beside others. */
export function renderBranch({ manifest, files, folder }: Layer, together: readonly Together[]): string {
  const { questions, requires, python, env, tasks, services } = manifest;
  const asks = Object.entries(questions).map(([name, q]): [string, string] => {
    const choices = q.choices === undefined ? q.type : q.choices.join(' | ');
    return [name, `${choices}, default ${JSON.stringify(q.default ?? '')}. ${q.help ?? ''}`];
  });
  const needs = [
    ...(requires.memory_gb === undefined ? [] : [`${requires.memory_gb} GB of memory`]),
    ...(requires.disk_gb === undefined ? [] : [`${requires.disk_gb} GB of disk`]),
    ...(requires.device === 'any' ? [] : [`a device: ${requires.device}`]),
    ...requires.answers,
  ];
  return [
    `${style.bold(manifest.title)} (${manifest.name})`,
    manifest.summary,
    ...section('Asks', table(asks)),
    ...section('Needs', needs),
    ...section('Tasks', table(Object.entries(tasks).map(([name, task]): [string, string] => [name, task.help]))),
    ...section(
      'Variables',
      table(
        Object.entries(env).map(([name, v]): [string, string] => [name, `${v.required ? 'required. ' : ''}${v.help}`]),
      ),
    ),
    ...section('Services', table(Object.entries(services).map(([name, s]): [string, string] => [name, s.image]))),
    ...section('Python packages', wrap(python.dependencies.join(', '), columns() - 2)),
    ...section(
      'Extras',
      table(Object.entries(python.extras).map(([name, list]): [string, string] => [name, list.join(', ')])),
    ),
    ...together.flatMap((part) => describeTogether(part, manifest.name)),
    '',
    `${plural(files.size, 'file')} in ${folder}/files`,
  ].join('\n');
}

/** What a condition asks for beside branches. One that is more than a list is shown as it stands. */
function besideBranches(condition: string): string {
  if (/\b(or|not)\b/.test(condition)) return condition;
  return condition
    .split(/\s+and\s+/)
    .filter((term) => !term.startsWith('branch '))
    .join(' and ');
}

/** What a project with other branches, too, gets beyond what each of them brings. */
function describeTogether(part: Together, own: string): string[] {
  const others = part.branches.filter((name) => name !== own);
  const isClear = part.from === own || (others.length === 1 && others[0] === part.from);
  const by = isClear ? '' : `, from ${part.from}`;
  const named = (entries: object): string => Object.keys(entries).sort().join(', ');
  const plugins = Object.entries(part.plugins).map(([group, entries]): [string, string] => [group, named(entries)]);
  const facts: [string, string][] = [
    ...plugins,
    ...Object.entries(part.tasks).map(([name, task]): [string, string] => ['task', `${name}: ${task.help}`]),
    ...part.pages.map(({ path, title }): [string, string] => ['page', `${title} (${path})`]),
    ...Object.entries(part.services).map(([name, { image }]): [string, string] => ['service', `${name}: ${image}`]),
    ...(Object.keys(part.env).length === 0 ? [] : [['variables', named(part.env)] as [string, string]]),
    ['files', String(part.files.length)],
  ];
  const title = others.length === 0 ? `From ${part.from}` : `With ${others.join(' and ')}`;
  const beside = besideBranches(part.if);
  return section(`${title}${beside === '' ? '' : ` (if ${beside})`}${others.length === 0 ? '' : by}`, [
    ...(part.summary === '' ? [] : wrap(part.summary, columns() - 2)),
    ...table(facts),
  ]);
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return text === '' ? [] : lines;
}
