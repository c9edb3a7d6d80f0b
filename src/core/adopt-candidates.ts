import { MlsysError } from '../errors.js';
import type { Lock, TemplateRef } from '../schema/lock.js';
import { projectManifestPath } from '../schema/project.js';
import type { AnswerValue, Question } from '../schema/manifest.js';
import { type Fit, fitOf, type ProjectClues } from './adopt.js';
import { type Answers, collectQuestions, parseAnswer } from './answers.js';
import { branchNames, stackLayers, type Template } from './layer.js';
import { packageNameOf, projectNames } from './names.js';
import { type Rendered, renderTarget } from './project.js';
import type { Listing } from './tree.js';

/** What the person says of the project. */
export interface Wanted {
  readonly name: string | undefined;
  /** Exactly these branches; empty for those that fit. */
  readonly branches: readonly string[];
  readonly given: ReadonlyMap<string, string>;
}

/** What the project itself says. */
export interface Clued {
  readonly files: Listing;
  readonly textOf: (blob: string) => string | undefined;
  readonly clues: ProjectClues;
  readonly former: Lock | undefined;
}

export interface Version {
  readonly template: Template;
  readonly ref: TemplateRef;
}

export interface Candidate {
  readonly template: Template;
  readonly rendered: Rendered;
  readonly ref: TemplateRef;
  readonly fit: Fit;
}

/** A share of a branch's own files that makes it likely that the project has the branch. */
const likely = 0.5;

/** Renders each version with each likely set of branches, and takes the one that fits best: of equal ones the newest. */
export async function nearestOf(versions: AsyncIterable<Version>, wanted: Wanted, clued: Clued): Promise<Candidate> {
  let best: Candidate | undefined;
  let failure: unknown;
  for await (const version of versions) {
    try {
      for (const candidate of candidatesOf(version, wanted, clued)) best = better(best, candidate);
    } catch (error) {
      if (!(error instanceof MlsysError)) throw error;
      failure ??= error;
    }
  }
  if (best === undefined) throw explained(failure, wanted);
  refuseUnknown(best, wanted);
  return refine(best, wanted, clued);
}

/** Why no version could be rendered. A name that is only guessed can be said. */
function explained(failure: unknown, { name }: Wanted): unknown {
  if (failure === undefined) return new MlsysError('template', 'the template has no version to compare with');
  if (!(failure instanceof MlsysError) || failure.code !== 'name' || name !== undefined) return failure;
  return new MlsysError('name', failure.message, {
    hint: 'say what the project is called with --name, and its package with --set package_name=…',
    cause: failure,
  });
}

const better = (best: Candidate | undefined, other: Candidate): Candidate =>
  best === undefined || other.fit.rank > best.fit.rank ? other : best;

function refuseUnknown({ rendered }: Candidate, { given }: Wanted): void {
  const questions = collectQuestions(rendered.layers);
  const unknown = [...given.keys()].find((name) => !questions.has(name) && name !== 'package_name');
  if (unknown === undefined) return;
  throw new MlsysError('answer', `no question is named ${JSON.stringify(unknown.slice(0, 60))}`, {
    hint: `the questions are: ${[...questions.keys()].join(', ')}`,
  });
}

/** The base alone, each branch alone, and together those whose own files are mostly there. */
function candidatesOf(version: Version, wanted: Wanted, clued: Clued): Candidate[] {
  const asked = wanted.branches.length > 0 ? wanted.branches : clued.former?.branches;
  if (asked !== undefined) return [candidate(version, asked, wanted, clued)];
  const found = [candidate(version, [], wanted, clued)];
  const present: string[] = [];
  for (const name of version.template.branches.keys()) {
    const alone = attempt(() => candidate(version, [name], wanted, clued));
    if (alone === undefined) continue;
    found.push(alone);
    const own = [...alone.rendered.baseline].filter(([, { layer }]) => layer === name);
    if (own.filter(([path]) => clued.files.has(path)).length > own.length * likely) present.push(name);
  }
  const together = present.length > 1 ? attempt(() => candidate(version, present, wanted, clued)) : undefined;
  return together === undefined ? found : [...found, together];
}

/** Not every set of branches can be rendered with the answers that are known. */
function attempt(render: () => Candidate): Candidate | undefined {
  try {
    return render();
  } catch (error) {
    if (error instanceof MlsysError) return undefined;
    throw error;
  }
}

function candidate(
  { template, ref }: Version,
  branches: readonly string[],
  { name, given }: Wanted,
  { files, textOf, clues, former }: Clued,
  more: Answers = {},
): Candidate {
  const layers = stackLayers(template, branches);
  const questions = collectQuestions(layers);
  const { project_name, package_name, ...answers } = former?.answers ?? {};
  const known = (value: AnswerValue | undefined): string | undefined =>
    value === undefined ? undefined : String(value);
  const projectName = name ?? known(project_name) ?? clues.projectName;
  const names = projectNames(
    projectName,
    given.get('package_name') ?? known(package_name) ?? clues.packageName ?? packageNameOf(projectName),
  );
  const { description } = clues;
  const guessed = { ...(description === undefined ? {} : { description }), ...answers, ...more };
  const rendered = renderTarget({
    template,
    branches: branchNames(layers),
    names,
    given: new Map([...given].filter(([question]) => questions.has(question))),
    former: Object.fromEntries(
      Object.entries(guessed).filter(([key, value]) => isValid(key, questions.get(key), value)),
    ),
  });
  const fit = fitOf(rendered.baseline, files, textOf, new Set([projectManifestPath]));
  return { template, rendered, ref, fit };
}

function isValid(name: string, question: Question | undefined, value: AnswerValue): boolean {
  if (question === undefined || question.secret) return false;
  try {
    parseAnswer(name, question, value);
    return true;
  } catch (error) {
    if (error instanceof MlsysError) return false;
    throw error;
  }
}

/** Tries the other values of questions that have few, one after the other, and keeps what fits better. */
function refine(nearest: Candidate, wanted: Wanted, clued: Clued): Candidate {
  const { template, ref, rendered } = nearest;
  let best = nearest;
  let answers: Answers = {};
  for (const [name, { type, choices, secret }] of collectQuestions(rendered.layers)) {
    if (secret || wanted.given.has(name) || clued.former?.answers[name] !== undefined) continue;
    for (const value of type === 'boolean' ? [true, false] : (choices ?? [])) {
      const tried = { ...answers, [name]: value };
      const other = attempt(() => candidate({ template, ref }, rendered.branches, wanted, clued, tried));
      if (other === undefined || other.fit.rank <= best.fit.rank) continue;
      [best, answers] = [other, tried];
    }
  }
  return best;
}
