import type { Command } from 'commander';
import type { CommandSpec } from '../core/command-spec.js';

/** Commander's own definitions as data. */
export function specOf(command: Command): CommandSpec {
  const help = command.createHelp();
  return {
    name: command.name(),
    usage: help.commandUsage(command),
    summary: command.summary() || command.description(),
    description: command.description(),
    hidden: isHidden(command),
    // Commander keeps this to itself, and `run` is the one command that has it.
    passesOptions: command.name() === 'run',
    options: help.visibleOptions(command).map(({ flags, short, long, description }) => ({
      flags,
      names: [short, long].flatMap((name) => name ?? []),
      help: description,
      value: /[<[]([\w-]+)/.exec(flags)?.[1],
    })),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      help: argument.description,
      variadic: argument.variadic,
      choices: argument.argChoices ?? [],
    })),
    commands: command.commands.map(specOf),
  };
}

/** Commands for shells and scripts begin with `__`, and no list shows them. */
export const isHidden = (command: Command): boolean => command.name().startsWith('__');
