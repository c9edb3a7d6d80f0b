import type { TaskLine } from '../core/task-plan.js';
import type { ProjectManifest, ProjectTask } from '../schema/project.js';
import { columns, errorStyle, plural, style } from './style.js';

/** The tasks, under the layer that each comes from: what the branches add before what every project has. */
export function renderTasks(tasks: readonly ProjectTask[], layers: ProjectManifest['layers']): string {
  if (tasks.length === 0) return 'This project has no tasks.';
  const width = Math.max(...tasks.map(({ name }) => name.length));
  const isNarrow = columns() < width + 30;
  const row = ({ name, help }: ProjectTask): string =>
    isNarrow ? `  ${style.cyan(name)}\n      ${help}` : `  ${style.cyan(name.padEnd(width))}  ${help}`;
  const sections = [...layers].reverse().flatMap(({ name, title }) => {
    const own = tasks.filter((task) => task.layer === name);
    return own.length === 0 ? [] : [[style.bold(title), ...own.map(row)].join('\n')];
  });
  return [...sections, `Run one with ${style.bold('mlsys run <task> [-- arguments]')}`].join('\n\n');
}

/** Standard error, so that the output of the task stays its own. */
export const describeLine = ({ task, argv }: TaskLine): string =>
  `${errorStyle.bold(task)}: ${errorStyle.dim(argv.map(quoted).join(' '))}`;

const quoted = (arg: string): string => (/^[\w@%+=:,./[\]<>-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`);

export function describeStop({ task }: TaskLine, exitCode: number, left: number): string {
  const rest = left === 0 ? '' : `, ${plural(left, 'command')} after it not run`;
  return `${errorStyle.red('stopped')} at ${task} (exit code ${exitCode})${rest}`;
}
