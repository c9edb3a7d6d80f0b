import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { carriedVersion } from '../adapters/carried.js';
import { interruptedCommand } from '../adapters/git/apply.js';
import { hasNetwork } from '../adapters/network.js';
import { findProjectRoot, openProject, type Project } from '../adapters/project.js';
import { askQuestions } from '../adapters/prompt.js';
import { rememberTrustOf, requireTrust } from '../adapters/trust.js';
import type { Context } from '../context.js';
import { collectQuestions, parseAssignments } from '../core/answers.js';
import { distance } from '../core/nearest.js';
import { projectNames } from '../core/names.js';
import { isNetworkFailure } from '../core/uv-output.js';
import { applyInit, carriedLayers, type InitPlan, planInit } from '../engine/init.js';
import { lookAtProject, type Session, withProject } from '../engine/session.js';
import { MlsysError } from '../errors.js';
import type { Lock } from '../schema/lock.js';
import type { Question } from '../schema/manifest.js';
import { describeInit, describeInitNext } from '../ui/publish.js';
import { renderPlan } from '../ui/plan.js';
import { plural } from '../ui/style.js';
import { writeSecrets } from './new.js';
import { setupProject } from './setup.js';

export interface InitOptions {
  readonly set: readonly string[];
  readonly keepHistory: boolean;
  readonly setup: boolean;
  readonly yes: boolean;
  readonly trust: boolean;
  readonly dryRun: boolean;
  readonly json?: boolean;
}

/** Turns a clone of a published branch into a project; where that has happened already, goes on from there. */
export async function initCommand(context: Context, name: string | undefined, options: InitOptions): Promise<number> {
  const ctx = options.yes ? { ...context, interactive: false } : context;
  const open = options.dryRun ? lookAtProject : withProject;
  const code = await open(ctx, (session) => turnIntoProject(ctx, session, name, options));
  return code === 0 && !options.dryRun ? finish(ctx, options) : code;
}

async function turnIntoProject(
  ctx: Context,
  session: Session,
  name: string | undefined,
  options: InitOptions,
): Promise<number> {
  const { project, repository } = session;
  if (carriedVersion(project.root) === undefined) return acceptProject(ctx, project, name, options);
  if (repository.prefix !== '' || !existsSync(join(project.root, '.git', 'objects'))) {
    throw new MlsysError('project', `${project.root} is no clone of its own, but a part or a work tree of another`, {
      hint: 'git clone the published branch into a folder of its own',
    });
  }
  const assignments = parseAssignments(options.set);
  const names = projectNames(name ?? basename(project.root), assignments.get('package_name'));
  assignments.delete('package_name');
  const questions = publishedDefaults(collectQuestions(carriedLayers(project)), project);
  const given = await askQuestions(ctx, questions, assignments, names);
  const { keepHistory, dryRun } = options;
  const init = await planInit(ctx, session, { names, given, keepHistory });
  if (!dryRun) {
    await applyInit(ctx, session, init);
    if (!existsSync(join(project.root, '.env'))) writeSecrets(project.root, questions, given);
  }
  report(ctx, project, init, options);
  return dryRun || init.plan.conflicts.length === 0 ? 0 : 1;
}

function report(ctx: Context, { lock }: Project, init: InitPlan, { dryRun, json }: InitOptions): void {
  const { rendered, plan, upstream, keepHistory: keptHistory } = init;
  const { answers, branches } = rendered;
  if (json) return ctx.print(initJson({ ...lock, answers, branches }, dryRun, init));
  const layers = rendered.manifest.layers.map((layer) => layer.name);
  const files = rendered.baseline.size;
  ctx.log.info(describeInit({ name: String(answers.project_name), layers, files, upstream, keptHistory }));
  const { conflicts } = plan;
  const count = conflicts.length === 0 ? '' : `, with ${plural(conflicts.length, 'conflict')}`;
  if (dryRun) {
    ctx.log.info([...renderPlan(plan), '', `nothing was changed; \`mlsys init\` would do this${count}`].join('\n'));
  } else if (conflicts.length > 0) {
    const next = 'settle them, then: git add <file>… && ./mlsys sync --continue';
    ctx.log.info([...renderPlan({ entries: conflicts, conflicts }), '', next].join('\n'));
  }
}

type LockFacts = Pick<Lock, 'template' | 'answers'> & { readonly branches: readonly string[] };

/** Without a plan the project was there already. */
function initJson({ template, branches, answers }: LockFacts, dryRun: boolean, init?: InitPlan): string {
  const { plan, keepHistory: keptHistory, upstream } = init ?? {};
  const facts = { command: 'init', dryRun, upToDate: init === undefined, template, branches, answers };
  const conflicts = plan?.conflicts.map(({ path }) => path) ?? [];
  return JSON.stringify({ ...facts, keptHistory, upstream, entries: plan?.entries ?? [], conflicts }, null, 2);
}

/** The questions with what was published as their defaults. */
const publishedDefaults = (questions: ReadonlyMap<string, Question>, { lock }: Project): Map<string, Question> =>
  new Map([...questions].map(([name, q]) => [name, { ...q, default: lock.answers[name] ?? q.default }]));

/** A project that is there already is no fault, if it has the name: the command was interrupted after its work, or called twice. */
function acceptProject(
  ctx: Context,
  { root, lock }: Project,
  name: string | undefined,
  { dryRun, json }: InitOptions,
): number {
  const own = String(lock.answers.project_name);
  if (name !== undefined && name !== own) {
    throw new MlsysError('project', `${root} is the project ${own} already`, {
      hint: `to give it another name: ./mlsys configure project_name=${name}`,
    });
  }
  if (json) ctx.print(initJson(lock, dryRun));
  else ctx.log.info(`${own} is a project already`);
  return 0;
}

async function finish(ctx: Context, { setup, trust, json }: InitOptions): Promise<number> {
  const { root, lock, manifest } = openProject(ctx.cwd);
  if (trust) rememberTrustOf(ctx, lock.template, root);
  const isSetUp = setup && (await setUp(ctx, openProject(root)));
  if (json) return 0;
  ctx.log.info(
    describeInitNext(
      manifest.tasks.map((task) => task.name),
      isSetUp,
    ),
  );
  return 0;
}

/** Without a network the environment is left for later; whatever else stops set-up is an error. */
async function setUp(ctx: Context, { root, lock }: Project): Promise<boolean> {
  const later = 'set-up is left for later, there is no network';
  if (!hasNetwork()) {
    ctx.log.info(later);
    return false;
  }
  requireTrust(ctx, lock.template, root);
  try {
    await setupProject(ctx, root);
    return true;
  } catch (error) {
    if (!(error instanceof MlsysError) || !isNetworkFailure(error.details.join('\n'))) throw error;
    ctx.log.info(later);
    return false;
  }
}

/**
 * Whether a word that is no command is the name of a project to be: in a clone of a published branch, and where `init` was
 * interrupted or has run under this very name. A task of the project goes before.
 */
export function isNameForInit(cwd: string, word: string, commands: readonly string[]): boolean {
  const root = findProjectRoot(cwd);
  if (root === undefined) return false;
  const project = tryOpen(root);
  if (project?.manifest.tasks.some((task) => task.name === word) === true) return false;
  if (interruptedCommand(root) === 'init') return true;
  if (project === undefined) return false;
  if (carriedVersion(root) === undefined) return word === project.lock.answers.project_name;
  const meant = commands.find((command) => word.length > 3 && distance(word, command) === 1);
  if (meant === undefined) return true;
  throw new MlsysError('usage', `there is no command ${word}`, {
    hint: `did you mean ${meant}? To name the project ${word}: ./mlsys init ${word}`,
  });
}

function tryOpen(root: string): Project | undefined {
  try {
    return openProject(root);
  } catch {
    return undefined;
  }
}
