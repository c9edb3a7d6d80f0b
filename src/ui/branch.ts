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

/** What a branch asks, needs and brings. */
export function renderBranch(manifest: Manifest, files: readonly string[], folder: string): string {
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
    '',
    `${plural(files.length, 'file')} in ${folder}/files`,
  ].join('\n');
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
