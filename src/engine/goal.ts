import { askQuestions } from '../adapters/prompt.js';
import type { Project } from '../adapters/project.js';
import { loadTemplate, type LoadedTemplate } from '../adapters/source.js';
import type { Context } from '../context.js';
import { type Answers, collectQuestions, parseAnswer } from '../core/answers.js';
import { branchNames, type Layer, stackLayers, type Template } from '../core/layer.js';
import { migrationsBetween, type MigrationNote, notesOf, renamesOf } from '../core/migrations.js';
import { movesBetween } from '../core/moves.js';
import { projectNames } from '../core/names.js';
import { renderTarget } from '../core/project.js';
import { renderText } from '../core/render.js';
import { MlsysError } from '../errors.js';
import type { TemplateRef } from '../schema/lock.js';
import type { AnswerValue } from '../schema/manifest.js';
import type { Goal } from './retarget.js';

/** What of the lock's target a command changes; the rest stays. */
export interface TargetChange {
  readonly command: string;
  /** A tag, branch, commit or release to go to. */
  readonly to?: string | undefined;
  /** Whether to go to the newest version. */
  readonly follow?: boolean;
  /** Another place to take the template from. */
  readonly from?: string | undefined;
  readonly branches?: (template: Template, present: readonly string[]) => readonly string[];
  readonly set?: ReadonlyMap<string, AnswerValue>;
  readonly twoWay: boolean;
}

export interface GoalWithNotes {
  readonly goal: Goal;
  readonly notes: readonly MigrationNote[];
  readonly origin: string;
}

/** Loads and renders what the project should become. */
export async function goalOf(ctx: Context, { root, lock }: Project, change: TargetChange): Promise<GoalWithNotes> {
  const loaded = await loadChanged(ctx, root, lock.template, change);
  const { template, ref, origin } = loaded;
  const present = lock.branches.filter((name) => template.branches.has(name) || change.branches === undefined);
  const branches = branchNames(stackLayers(template, change.branches?.(template, present) ?? present));
  const { project_name, package_name, ...stored } = lock.answers;
  const set = new Map(change.set);
  const names = projectNames(
    String(set.get('project_name') ?? project_name),
    set.has('package_name') ? String(set.get('package_name')) : String(package_name),
  );
  for (const name of set.keys()) if (isName(name)) set.delete(name);
  const layers = stackLayers(template, branches);
  const former = stillValid(ctx, layers, stored);
  const given = await askNew(ctx, layers, { set, former, names });
  const rendered = renderTarget({ template, branches, names, given, former });
  const migrations = migrationsBetween(
    layers.map((l) => l.manifest),
    lock.template.version,
    ref.version,
  );
  const moves = renamesOf(migrations, (path) => renderText(path, rendered.answers, path));
  if (change.set !== undefined) {
    const before = renderTarget({
      template,
      branches,
      names: projectNames(String(project_name), String(package_name)),
      given: new Map(),
      former,
    });
    for (const [from, to] of movesBetween(before.baseline, rendered.baseline)) moves.set(from, to);
  }
  const valuesOnly =
    change.set !== undefined && [...change.set.keys()].every((name) => isName(name)) && change.branches === undefined;
  const goal: Goal = { command: change.command, rendered, ref, moves, twoWay: change.twoWay, valuesOnly };
  return { goal, notes: notesOf(migrations), origin };
}

const isName = (answer: string): boolean => answer === 'project_name' || answer === 'package_name';

function loadChanged(ctx: Context, root: string, locked: TemplateRef, change: TargetChange): Promise<LoadedTemplate> {
  const options = { projectRoot: root, base: root };
  if (change.from !== undefined) return loadTemplate(ctx, change.from, { projectRoot: root, base: ctx.cwd });
  if (change.to !== undefined) {
    return locked.source === 'builtin'
      ? loadTemplate(ctx, 'builtin', { ...options, version: change.to })
      : loadTemplate(ctx, `${locked.source}#${change.to}`, options);
  }
  const source = locked.ref === undefined ? locked.source : `${locked.source}#${locked.ref}`;
  if (change.follow) return loadTemplate(ctx, source, { ...options, follow: true });
  return loadTemplate(ctx, source, { ...options, commit: locked.commit, version: locked.version });
}

/** The stored answers without those that a newer template does not take any more: these are asked for again, or get the default. */
function stillValid(ctx: Context, layers: readonly Layer[], stored: Answers): Answers {
  const questions = collectQuestions(layers);
  const valid = Object.entries(stored).filter(([name, value]) => {
    const question = questions.get(name);
    if (question === undefined || question.secret) return true;
    try {
      parseAnswer(name, question, value);
      return true;
    } catch (error) {
      if (!(error instanceof MlsysError)) throw error;
      ctx.log.warn(
        `${error.message}; ${ctx.interactive ? 'it is asked for again' : `the default ${question.default} is used`}`,
      );
      return false;
    }
  });
  return Object.fromEntries(valid);
}

interface Asked {
  readonly set: ReadonlyMap<string, AnswerValue>;
  readonly former: Answers;
  readonly names: ReturnType<typeof projectNames>;
}

/** Asks what the new layers want to know and the lock does not answer. */
async function askNew(ctx: Context, layers: readonly Layer[], { set, former, names }: Asked) {
  const questions = collectQuestions(layers);
  const unanswered = new Map(
    [...questions].filter(([name, question]) => !Object.hasOwn(former, name) && !question.secret),
  );
  for (const name of set.keys()) {
    const question = questions.get(name);
    if (question !== undefined) unanswered.set(name, question);
  }
  return askQuestions(ctx, unanswered, set, names);
}
