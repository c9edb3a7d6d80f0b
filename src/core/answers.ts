import { MlsysError } from '../errors.js';
import type { AnswerValue, Question } from '../schema/manifest.js';
import type { Layer } from './layer.js';
import { didYouMean } from './nearest.js';

export type Answers = Readonly<Record<string, AnswerValue>>;

const longestAnswer = 2000;

/** The questions of all layers. Two layers may ask the same one, if they ask it in the same way. */
export function collectQuestions(layers: readonly Layer[]): Map<string, Question> {
  const questions = new Map<string, Question>();
  for (const { manifest } of layers) {
    for (const [name, question] of Object.entries(manifest.questions)) {
      const twin = questions.get(name);
      if (twin !== undefined && JSON.stringify(twin) !== JSON.stringify(question)) {
        throw new MlsysError('manifest', `two layers ask the question ${name} in different ways`);
      }
      questions.set(name, question);
    }
  }
  return questions;
}

/** Checks one answer and gives it its type. Strings come from the command line or a prompt. */
export function parseAnswer(name: string, question: Question, given: AnswerValue): AnswerValue {
  const wrong = (expected: string, hint?: string): MlsysError =>
    new MlsysError('answer', `${name} must be ${expected}, not ${JSON.stringify(String(given).slice(0, 60))}`, {
      hint: hint ?? question.help,
    });
  const text = String(given).trim();
  switch (question.type) {
    case 'boolean': {
      if (/^(true|yes|y|on|1)$/i.test(text)) return true;
      if (/^(false|no|n|off|0)$/i.test(text)) return false;
      throw wrong('true or false');
    }
    case 'integer':
    case 'number': {
      const value = text === '' ? Number.NaN : Number(text);
      if (!Number.isFinite(value)) throw wrong('a number');
      if (question.type === 'integer' && !Number.isSafeInteger(value)) throw wrong('a whole number');
      return value;
    }
    case 'choice': {
      const choices = question.choices ?? [];
      if (!choices.includes(text))
        throw wrong(`one of ${choices.join(', ')}`, didYouMean(text, choices, 'choose from'));
      return text;
    }
    case 'string': {
      const fault = textFault(text);
      if (fault !== undefined) throw new MlsysError('answer', `the answer ${name} ${fault}`, { hint: question.help });
      if (question.pattern !== undefined && !new RegExp(`^(?:${question.pattern})$`, 'u').test(text)) {
        throw wrong(`text that matches ${question.pattern}`);
      }
      return text;
    }
  }
}

function textFault(text: string): string | undefined {
  if (text.length > longestAnswer) return `has ${text.length} characters, at most ${longestAnswer} are allowed`;
  if (/[\n\r]/.test(text)) return 'has more than one line';
  if (/\p{Cc}|\p{Cs}|\u2028|\u2029/u.test(text)) return 'has a control character';
  if (/\{\{|\}\}/.test(text)) return 'has "{{" or "}}", which a template would read as its own';
  return undefined;
}

export interface AnswerRequest {
  readonly questions: ReadonlyMap<string, Question>;
  /** What was set on the command line, by name. */
  readonly given: ReadonlyMap<string, AnswerValue>;
  /** What the lock of an existing project holds. */
  readonly former?: Answers;
}

/** Checks what is given and takes the former answer or the default for the rest. Secrets stay out. */
export function resolveAnswers({ questions, given, former = {} }: AnswerRequest): Answers {
  for (const name of given.keys()) {
    if (!questions.has(name)) {
      throw new MlsysError('answer', `no question is named ${JSON.stringify(name.slice(0, 60))}`, {
        hint:
          questions.size === 0
            ? 'this template asks nothing'
            : didYouMean(name, [...questions.keys()], 'the questions are'),
      });
    }
  }
  const answers: Record<string, AnswerValue> = {};
  for (const [name, question] of questions) {
    if (question.secret) continue;
    const value = given.get(name) ?? (Object.hasOwn(former, name) ? former[name] : undefined) ?? question.default;
    if (value !== undefined) answers[name] = parseAnswer(name, question, value);
  }
  return answers;
}

/** Reads `--set name=value`. */
export function parseAssignments(assignments: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    if (at <= 0) {
      throw new MlsysError('usage', `${JSON.stringify(assignment.slice(0, 60))} is not of the form name=value`, {
        hint: 'for example: accelerator=cpu',
      });
    }
    given.set(assignment.slice(0, at).trim(), assignment.slice(at + 1));
  }
  return given;
}
