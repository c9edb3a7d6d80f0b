import { parseArgsStringToArgv } from 'string-argv';
import { MlsysError } from '../errors.js';
import type { ProjectTask } from '../schema/project.js';
import { didYouMean } from './nearest.js';

export interface TaskLine {
  readonly task: string;
  /** What stands in front of the command for `uv run` itself: the extras that it needs. */
  readonly options: readonly string[];
  readonly argv: readonly string[];
}

export interface TaskPlan {
  readonly lines: readonly TaskLine[];
  readonly needsGpu: boolean;
  readonly extras: readonly string[];
}

/** What a task will run, as data: its own lines, or those of its steps in turn. */
export function planTask(tasks: readonly ProjectTask[], name: string, args: readonly string[]): TaskPlan {
  const leaves = expand(tasks, name, []);
  const [only, second] = leaves;
  if (args.length > 0 && second !== undefined) {
    throw new MlsysError('task', `${name} takes no arguments: it runs ${leaves.map((task) => task.name).join(', ')}`, {
      hint: `give them to one of these: mlsys run ${only?.name} -- ${args.join(' ')}`,
    });
  }
  return {
    lines: leaves.flatMap((task) => linesOf(task, args)),
    needsGpu: leaves.some((task) => task.needs.gpu),
    extras: [...new Set(leaves.flatMap((task) => task.needs.extras))],
  };
}

/** Whether uv is to bring extras for a line: those that the task needs are there before it runs. */
export const bringsExtras = (line: TaskLine, plan: TaskPlan): boolean =>
  line.options.some((word) => word !== '--extra' && !plan.extras.includes(word));

function linesOf({ name, command }: ProjectTask, args: readonly string[]): TaskLine[] {
  return command.map((line, i) => {
    const words = parseArgsStringToArgv(line);
    let start = 0;
    while (words[start] === '--extra') start += 2;
    const [options, argv] = [words.slice(0, start), words.slice(start)];
    if (argv.length === 0) throw new MlsysError('task', `${name} has an empty command`);
    return { task: name, options, argv: i === command.length - 1 ? [...argv, ...args] : argv };
  });
}

function expand(tasks: readonly ProjectTask[], name: string, above: readonly string[]): ProjectTask[] {
  const task = findTask(tasks, name);
  if (above.includes(name)) {
    throw new MlsysError('task', `${name} is a step of itself: ${[...above, name].join(' → ')}`);
  }
  return task.steps.length === 0 ? [task] : task.steps.flatMap((step) => expand(tasks, step, [...above, name]));
}

function findTask(tasks: readonly ProjectTask[], name: string): ProjectTask {
  const task = tasks.find((candidate) => candidate.name === name);
  if (task === undefined) {
    const names = shownTasks(tasks).map((candidate) => candidate.name);
    throw new MlsysError('task', `this project has no task ${JSON.stringify(name.slice(0, 60))}`, {
      hint: names.length === 0 ? 'its template declares none' : didYouMean(name, names, 'its tasks are'),
    });
  }
  if (task.ambiguous.length > 0) {
    throw new MlsysError('task', `${name} could be ${task.ambiguous.join(' or ')}`, { hint: 'use the full name' });
  }
  return task;
}

/** The tasks worth listing: `<task>-<layer>` only where the plain name does not mean the same. */
export function shownTasks(tasks: readonly ProjectTask[]): ProjectTask[] {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  return tasks.filter(({ name, layer }) => {
    const plain = name.endsWith(`-${layer}`) ? byName.get(name.slice(0, -layer.length - 1)) : undefined;
    return plain === undefined || plain.layer !== layer || plain.ambiguous.length > 0 || plain.steps.includes(name);
  });
}
