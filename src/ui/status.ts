import type { Drift, DriftState } from '../core/drift.js';
import type { Lock } from '../schema/lock.js';
import { style } from './style.js';

export interface Status {
  readonly project: string;
  readonly root: string;
  readonly template: Lock['template'];
  readonly mlsys: { readonly project: string; readonly installed: string };
  readonly branches: readonly string[];
  readonly answers: Lock['answers'];
  readonly unfinished: string | undefined;
  readonly conflicts: readonly string[];
  readonly files: readonly Drift[];
}

const signs: Record<DriftState, (path: string) => string> = {
  'as template': (path) => style.dim(`  ${path}`),
  edited: (path) => style.yellow(`~ ${path}`),
  deleted: (path) => style.red(`- ${path}`),
  added: (path) => style.green(`+ ${path}`),
};

/** Untouched files are counted, unless all are wanted. */
export function describeStatus(
  { project, template, mlsys, branches, answers, unfinished, conflicts, files }: Status,
  all: boolean,
): string {
  const own = new Set(['project_name', 'package_name']);
  const rows: [string, string][] = [
    ['project', `${project} (package ${answers.package_name})`],
    ['branches', ['main', ...branches].join(', ')],
    [
      'template',
      `${template.source} ${template.version}${template.commit === undefined ? '' : ` (${template.commit.slice(0, 12)})`}`,
    ],
    [
      'mlsys',
      mlsys.project === mlsys.installed
        ? mlsys.installed
        : `${mlsys.installed}, the project was made with ${mlsys.project}`,
    ],
    ...Object.entries(answers).flatMap(([name, value]): [string, string][] =>
      own.has(name) ? [] : [[name, String(value)]],
    ),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const count = (state: DriftState): number => files.filter((file) => file.state === state).length;
  const shown = files.filter((file) => all || file.state !== 'as template');
  return [
    ...rows.map(([name, value]) => `${style.bold(name.padEnd(width))}  ${value}`),
    ...(unfinished === undefined
      ? []
      : ['', style.red(`unfinished: mlsys ${unfinished}; mlsys sync --continue or --abort`)]),
    ...conflicts.map((path) => style.red(`! ${path}  conflict`)),
    '',
    `${count('as template')} files as the template has them, ${count('edited')} edited, ${count('deleted')} deleted, ${count('added')} added`,
    ...shown.map(
      ({ path, state }) => `  ${signs[state](path)}${state === 'as template' ? '' : `  ${style.dim(state)}`}`,
    ),
  ].join('\n');
}
