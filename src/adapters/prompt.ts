import type { Context } from '../context.js';
import type { ProjectNames } from '../core/names.js';
import { parseAnswer } from '../core/answers.js';
import { MlsysError } from '../errors.js';
import type { AnswerValue, Question } from '../schema/manifest.js';

type Questions = ReadonlyMap<string, Question>;

export interface BranchChoice {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
}

async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError')
      throw new MlsysError('interrupted', 'stopped, nothing was made', { exitCode: 130 });
    throw error;
  }
}

/** Asks which branches a project should have. None is a project of the base alone. */
export async function askBranches(choices: readonly BranchChoice[]): Promise<string[]> {
  const { default: inquirer } = await import('inquirer');
  const { branches } = await asked(() =>
    inquirer.prompt([
      {
        type: 'checkbox',
        name: 'branches',
        message: 'Branches (none: a general machine-learning project)',
        choices: choices.map(({ name, title, summary }) => ({
          value: name,
          name: `${title} (${name})`,
          description: summary,
        })),
      },
    ]),
  );
  return branches as string[];
}

/** Asks what the command line left open. Each answer is checked as it is typed. */
export async function askQuestions(
  ctx: Context,
  questions: Questions,
  given: ReadonlyMap<string, AnswerValue>,
  names: ProjectNames,
): Promise<Map<string, AnswerValue>> {
  const answers = new Map(given);
  const open = [...questions].filter(([name]) => !given.has(name));
  if (!ctx.interactive || open.length === 0) return answers;
  const { default: inquirer } = await import('inquirer');
  ctx.log.info(
    `${names.project_name}: ${open.length === 1 ? 'one question' : `${open.length} questions`}, Enter takes the default`,
  );
  for (const [name, question] of open) {
    const reply = await asked(() => inquirer.prompt([promptFor(name, question)]));
    answers.set(name, (reply as Record<string, AnswerValue>)[name] ?? '');
  }
  return answers;
}

function promptFor(name: string, question: Question) {
  const message = question.help ?? name;
  const validate = (value: unknown): true | string => {
    try {
      parseAnswer(name, question, value as AnswerValue);
      return true;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  if (question.type === 'boolean')
    return { type: 'confirm' as const, name, message, default: question.default === true };
  if (question.type === 'choice') {
    return { type: 'select' as const, name, message, choices: question.choices ?? [], default: question.default };
  }
  if (question.secret) return { type: 'password' as const, name, message, mask: '*', validate };
  return {
    type: 'input' as const,
    name,
    message,
    default: question.default === undefined ? undefined : String(question.default),
    validate,
  };
}
