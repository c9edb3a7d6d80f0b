import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { proposeAccelerator, reachable } from '../adapters/accelerator.js';
import { createRepository } from '../adapters/git/write.js';
import { askBranches, askQuestions } from '../adapters/prompt.js';
import { loadTemplate } from '../adapters/source.js';
import { checkTarget, makeFolder } from '../adapters/staging.js';
import { rememberTrust, requireTrust } from '../adapters/trust.js';
import type { Context } from '../context.js';
import { collectQuestions, parseAnswer, parseAssignments } from '../core/answers.js';
import { baseName, branchNames, stackLayers, type Template } from '../core/layer.js';
import { checkProjectName, projectNames } from '../core/names.js';
import { lockOf, lockText, type Rendered, renderTarget } from '../core/project.js';
import { builtinSource } from '../core/source.js';
import { sortedByPath, type Tree, type TreeFile } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import { lockPath, type TemplateRef } from '../schema/lock.js';
import type { AnswerValue, Question } from '../schema/manifest.js';
import { describeNew, nextSteps } from '../ui/new.js';
import { runTask } from './run.js';
import { setupProject } from './setup.js';

export interface NewOptions {
  readonly branch: readonly string[];
  readonly from: string;
  readonly set: readonly string[];
  readonly yes: boolean;
  readonly setup: boolean;
  readonly git: boolean;
  readonly run: string | undefined;
  readonly taskArgs: readonly string[];
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly trust: boolean;
}

/**
 *     path, flags → template → answers → tree + lock → staging folder → rename → set-up → task
 */
export async function newCommand(context: Context, path: string, options: NewOptions): Promise<number> {
  const ctx = options.yes ? { ...context, interactive: false } : context;
  if (path === '') checkProjectName(path);
  const target = resolve(ctx.cwd, path);
  const assignments = parseAssignments(options.set);
  const names = projectNames(basename(target), assignments.get('package_name'));
  assignments.delete('package_name');
  checkTarget(target);
  const { template, ref, origin } = await loadTemplate(ctx, options.from, { projectRoot: target, base: ctx.cwd });
  const branches = await chooseBranches(ctx, template, options.branch);
  const given = await chooseAnswers(ctx, template, branches, {
    assignments,
    names,
    setup: options.setup && !options.dryRun,
  });
  const rendered = renderTarget({ template, branches, names, given });
  checkTask(rendered, options.run);
  if (options.dryRun) {
    ctx.print(describeNew(rendered, target, options.json));
    return 0;
  }
  if (options.trust) rememberTrust(ctx, ref, origin);
  await makeFolder(ctx, target, (folder) => writeProject(ctx, folder, rendered, ref, options.git));
  writeSecrets(target, collectQuestions(rendered.layers), given);
  if (options.json) ctx.print(describeNew(rendered, target, true));
  else ctx.log.info(describeNew(rendered, target, false));
  return finish(ctx, target, rendered, { ...options, ref });
}

async function chooseBranches(ctx: Context, template: Template, asked: readonly string[]): Promise<string[]> {
  const known = [...template.branches.values()].map((layer) => layer.manifest);
  const wanted = asked.length === 0 && ctx.interactive && known.length > 0 ? await askBranches(known) : asked;
  return branchNames(
    stackLayers(
      template,
      wanted.filter((name) => name !== baseName),
    ),
  );
}

interface AnswerContext {
  readonly assignments: ReadonlyMap<string, string>;
  readonly names: ReturnType<typeof projectNames>;
  readonly setup: boolean;
}

async function chooseAnswers(
  ctx: Context,
  template: Template,
  branches: readonly string[],
  { assignments, names, setup }: AnswerContext,
) {
  const layers = stackLayers(template, branches);
  const questions = await proposeDefaults(ctx, collectQuestions(layers));
  const given = await askQuestions(ctx, questions, assignments, names);
  const index = layers.flatMap((layer) => layer.manifest.python.indexes).find((i) => i.if === 'accelerator == cpu');
  if (!setup || index === undefined || given.get('accelerator') !== 'cpu') return given;
  if (ctx.platform === 'linux' && !(await reachable(index.url, 5000))) {
    ctx.log.warn(
      `${new URL(index.url).host} can't be reached, so PyTorch comes from PyPI (accelerator auto): larger, and it runs on the CPU too`,
    );
    given.set('accelerator', 'auto');
  }
  return given;
}

/** What a person is offered first: the accelerator that this machine has. */
async function proposeDefaults(ctx: Context, questions: Map<string, Question>): Promise<Map<string, Question>> {
  const accelerator = questions.get('accelerator');
  if (!ctx.interactive || accelerator === undefined) return questions;
  return new Map(questions).set('accelerator', { ...accelerator, default: await proposeAccelerator(ctx) });
}

function checkTask(rendered: Rendered, task: string | undefined): void {
  if (task === undefined || rendered.manifest.tasks.some(({ name }) => name === task)) return;
  const names = rendered.manifest.tasks.map(({ name }) => name);
  throw new MlsysError('task', `a project of this kind has no task ${JSON.stringify(task)}`, {
    hint: `its tasks are: ${names.join(', ')}`,
  });
}

async function writeProject(
  ctx: Context,
  folder: string,
  rendered: Rendered,
  ref: TemplateRef,
  git: boolean,
): Promise<void> {
  const lock = Buffer.from(lockText(lockOf(rendered, ref, ctx.version)));
  const files: Tree = sortedByPath<TreeFile>([...rendered.baseline, [lockPath, { bytes: lock, mode: '100644' }]]);
  if (!git) return writeFiles(folder, files);
  const call = { cwd: folder, env: ctx.env };
  const layers = ['main', ...rendered.branches].join(' + ');
  await createRepository(call, {
    files,
    branch: 'main',
    message: `Create the project from ${layers}\n\nmlsys ${ctx.version}, template ${ref.source} ${ref.version}\n`,
    date: ctx.now(),
  });
}

function writeFiles(folder: string, files: Tree): void {
  const made = new Set<string>();
  for (const [path, file] of files) {
    const full = join(folder, path);
    if (!made.has(dirname(full))) mkdirSync(dirname(full), { recursive: true });
    made.add(dirname(full));
    writeFile(full, file);
  }
}

function writeFile(full: string, { bytes, mode }: TreeFile): void {
  if (mode === '120000') symlinkSync(Buffer.from(bytes).toString(), full);
  else writeFileSync(full, bytes, { mode: mode === '100755' ? 0o777 : 0o666 });
}

/** Secrets go to `.env`, which no commit and no lock sees. */
export function writeSecrets(
  target: string,
  questions: ReadonlyMap<string, Question>,
  given: ReadonlyMap<string, AnswerValue>,
): void {
  const secrets = [...questions].flatMap(([name, question]) => {
    const value = given.get(name);
    if (!question.secret || value === undefined || value === '') return [];
    return [`${name.toUpperCase()}=${JSON.stringify(parseAnswer(name, question, value))}`];
  });
  if (secrets.length > 0) writeFileSync(join(target, '.env'), `${secrets.join('\n')}\n`, { mode: 0o600 });
}

type FinishOptions = NewOptions & { readonly ref: TemplateRef };

async function finish(
  ctx: Context,
  target: string,
  rendered: Rendered,
  { setup, run, taskArgs, json, ref }: FinishOptions,
): Promise<number> {
  if (setup) {
    if (ref.source !== builtinSource) requireTrust(ctx, ref, target);
    await setupProject(ctx, target);
  }
  if (run !== undefined) return runTask(ctx, target, run, taskArgs);
  if (!json) ctx.log.info(nextSteps(rendered, shortest(ctx.cwd, target), setup));
  return 0;
}

const shortest = (from: string, to: string): string => {
  const way = relative(from, to);
  return way.startsWith('..') ? to : way;
};
