import { commandAt, type CommandSpec } from './command-spec.js';

export interface Candidate {
  readonly word: string;
  readonly help: string;
}

export interface Completion {
  readonly words: readonly Candidate[];
  /** Beside the words: what the value stands for, such as `branch` or `task`, where that has to be looked up. */
  readonly value: string | undefined;
  /** The names of the command that is being typed. */
  readonly path: readonly string[];
}

/** What could be typed in place of the last word. The word may be empty; those before it are what stands before it. */
export function completeWords(root: CommandSpec, words: readonly string[]): Completion {
  const current = words.at(-1) ?? '';
  const { path, command, position, option, afterDashes } = readWords(root, words.slice(0, -1));
  const done = (found: readonly Candidate[], value?: string): Completion => ({
    words: found.filter(({ word }) => word.startsWith(current)),
    value,
    path,
  });
  if (option !== undefined) return done([], option);
  if (current.startsWith('-') && !afterDashes) {
    return position > 0 && command.passesOptions ? done([]) : done(optionsOf(command));
  }
  const shown = position === 0 && !afterDashes ? command.commands.filter(({ hidden }) => !hidden) : [];
  const commands = shown.map(({ name, summary }) => ({ word: name, help: summary }));
  // Beside the commands, the first word can be a task.
  if (path.length === 0) return done(commands, 'task');
  const argument = command.arguments[position] ?? command.arguments.at(-1);
  if (argument === undefined || (position >= command.arguments.length && !argument.variadic)) return done(commands);
  const choices = argument.choices.map((word) => ({ word, help: '' }));
  return done([...commands, ...choices], argument.name);
}

const optionsOf = (command: CommandSpec): Candidate[] =>
  command.options.flatMap(({ names, help }) =>
    names.filter((name) => name.startsWith('--')).map((word) => ({ word, help })),
  );

interface Typed {
  readonly path: readonly string[];
  readonly command: CommandSpec;
  /** How many arguments of the command are there already. */
  readonly position: number;
  /** What an option that waits for its value calls it. */
  readonly option: string | undefined;
  readonly afterDashes: boolean;
}

function readWords(root: CommandSpec, words: readonly string[]): Typed {
  let typed: Typed = { path: [], command: root, position: 0, option: undefined, afterDashes: false };
  for (const word of words) typed = readWord(root, typed, word);
  return typed;
}

function readWord(root: CommandSpec, typed: Typed, word: string): Typed {
  const { command, path, position, option, afterDashes } = typed;
  if (option !== undefined) return { ...typed, option: undefined };
  if (afterDashes) return { ...typed, position: position + 1 };
  if (word === '--') return { ...typed, afterDashes: true };
  if (word.startsWith('-')) {
    if (position > 0 && command.passesOptions) return { ...typed, position: position + 1 };
    return { ...typed, option: command.options.find(({ names }) => names.includes(word))?.value };
  }
  const next = position === 0 ? command.commands.find(({ name }) => name === word) : undefined;
  if (next !== undefined) return { ...typed, command: next, path: [...path, next.name] };
  // A first word that is no command is a task.
  const run = path.length === 0 ? commandAt(root, ['run']) : undefined;
  if (run !== undefined) return { ...typed, command: run, path: ['run'], position: 1 };
  return { ...typed, position: position + 1 };
}
