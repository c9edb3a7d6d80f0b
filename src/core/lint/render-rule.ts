import { MlsysError } from '../../errors.js';
import type { AnswerValue } from '../../schema/manifest.js';
import { collectQuestions, parseAnswer } from '../answers.js';
import type { Layer, Template } from '../layer.js';
import { projectNames } from '../names.js';
import { renderTarget } from '../project.js';
import type { Fault, LintLayer, LintSubject, Rule } from './faults.js';
import { inManifest } from './faults.js';

const asLayer = (layer: LintLayer): Layer => ({
  manifest: layer.manifest,
  folder: layer.folder,
  files: layer.files,
  readme: layer.readme?.text,
});

/**
 * Renders the base alone, every branch alone and all branches together, each with the defaults and then with every other
 * choice of one question at a time.
 */
export const everythingRenders: Rule = function* (subject) {
  const branches = subject.layers.filter((layer) => layer !== subject.base);
  const template: Template = {
    base: asLayer(subject.base),
    branches: new Map(branches.map((l) => [l.manifest.name, asLayer(l)])),
  };
  const selections = [[], ...branches.map((l) => [l]), ...(branches.length > 1 ? [branches] : [])];
  const seen = new Set<string>();
  for (const selection of selections) {
    for (const fault of renderSelection(subject, template, selection)) {
      const key = JSON.stringify(fault);
      if (!seen.has(key)) yield fault;
      seen.add(key);
    }
  }
};

function* renderSelection(subject: LintSubject, template: Template, selection: readonly LintLayer[]): Iterable<Fault> {
  const top = selection.at(-1) ?? subject.base;
  for (const given of variations([subject.base, ...selection].map(asLayer))) {
    try {
      renderTarget({
        template,
        branches: selection.map((layer) => layer.manifest.name),
        names: projectNames('lint-project'),
        given,
      });
    } catch (error) {
      if (!(error instanceof MlsysError)) throw error;
      yield locate(error, top);
      return;
    }
  }
}

function* variations(layers: readonly Layer[]): Iterable<Map<string, AnswerValue>> {
  yield new Map();
  for (const [name, question] of collectQuestions(layers)) {
    const choices = question.type === 'boolean' ? [true, false] : (question.choices ?? []);
    for (const choice of choices) yield new Map([[name, parseAnswer(name, question, choice)]]);
  }
}

/** Errors of rendering begin with the file, and the line where there is one. */
function locate(error: MlsysError, top: LintLayer): Fault {
  const match = /^((?:templates|branches)\/[^:]+): (?:line (\d+): )?(.*)$/s.exec(error.message);
  if (match === null) return inManifest(top, 'name', error.message);
  return { file: match[1] ?? '', line: Number(match[2] ?? 1), message: match[3] ?? '' };
}
