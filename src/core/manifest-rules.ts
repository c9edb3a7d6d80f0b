import { MlsysError } from '../errors.js';
import type { Manifest } from '../schema/manifest.js';
import { parseAnswer } from './answers.js';
import { pathFault } from './paths.js';
import { templateWords } from './render.js';

/** What is wrong with a manifest whose shape is right, and the key that it is wrong at. */
interface Misfit {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}
type ManifestRule = (manifest: Manifest) => Iterable<Misfit>;

const namesAreNoTemplateWords: ManifestRule = function* ({ questions }) {
  for (const name of Object.keys(questions)) {
    if (templateWords.includes(name)) {
      yield { path: ['questions', name], message: `${name} has a meaning of its own in templates` };
    }
  }
};

const defaultsAnswerTheirQuestions: ManifestRule = function* ({ questions }) {
  for (const [name, question] of Object.entries(questions)) {
    const path = ['questions', name];
    if (question.pattern !== undefined && !isPattern(question.pattern)) {
      yield { path: [...path, 'pattern'], message: `the pattern of ${name} is no regular expression` };
    } else if (question.default !== undefined) {
      try {
        parseAnswer(name, question, question.default);
      } catch (error) {
        if (!(error instanceof MlsysError)) throw error;
        yield { path: [...path, 'default'], message: error.message };
      }
    }
  }
};

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

const readmeStaysInside: ManifestRule = function* ({ docs }) {
  const fault = docs.readme === undefined ? undefined : pathFault(docs.readme);
  if (fault !== undefined) yield { path: ['docs', 'readme'], message: `the path ${docs.readme} ${fault}` };
};

const rules: readonly ManifestRule[] = [namesAreNoTemplateWords, defaultsAnswerTheirQuestions, readmeStaysInside];

export const misfitsOf = (manifest: Manifest): Misfit[] => rules.flatMap((rule) => [...rule(manifest)]);
