import { Argument, type Command } from 'commander';
import { topicList } from '../ui/help.js';
import { style } from '../ui/style.js';
import { specOf } from './command-spec.js';
import type { Wiring } from './options.js';

/** The commands of `mlsys --help`, in an order in which a person meets them. One that is not named here stands at the end. */
const groups: readonly (readonly [string, readonly string[]])[] = [
  ['Start a project:', ['new', 'init', 'adopt', 'setup']],
  ['Work in it:', ['run', 'status', 'diff', 'doctor']],
  ['Change it (edits stay):', ['sync', 'switch', 'add', 'remove', 'configure']],
  ['Templates:', ['branch', 'contribute']],
  ['Help:', ['help', 'completion']],
];

const shells = ['bash', 'zsh', 'fish'];

/** Help, completion and the man page: what is made from all other commands, so it is wired last. */
export function wireHelp({ program, ctx, call }: Wiring): void {
  program
    .helpCommand(false)
    .command('help')
    .summary('help for a command or a topic')
    .description('Shows the help of a command, or a page about a topic.')
    .argument('[topic...]', 'a topic, or the words of a command')
    .action((words: string[]) =>
      call(async () => (await import('../commands/help.js')).helpCommand(ctx, words, commandHelp(program))),
    );
  program
    .command('completion')
    .summary('completion for bash, zsh or fish')
    .description('Prints a script that lets a shell complete commands, options, branches and tasks.')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
To have it in each new shell:
  bash   echo 'eval "$(mlsys completion bash)"' >> ~/.bashrc
  zsh    echo 'eval "$(mlsys completion zsh)"' >> ~/.zshrc     (after compinit)
  fish   mlsys completion fish > ~/.config/fish/completions/mlsys.fish`,
    )
    .action((shell: string) =>
      call(async () => (await import('../commands/completion.js')).completionCommand(ctx, shell)),
    );
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) =>
      call(async () => (await import('../commands/completion.js')).completeCommand(ctx, specOf(program), words)),
    );
  program
    .command('__man', { hidden: true })
    .action(() => call(async () => (await import('../commands/help.js')).manCommand(ctx, specOf(program))));

  for (const [heading, names] of groups) {
    for (const name of names) program.commands.find((command) => command.name() === name)?.helpGroup(heading);
  }
  program.addHelpText('after', () => `\n${topicList()}`);
  shapeHelp(program);
}

/** Shows the help of the command that words name, if there is one. */
const commandHelp =
  (program: Command) =>
  (words: readonly string[]): boolean => {
    let found: Command | undefined = program;
    for (const word of words) found = found?.commands.find((command) => command.name() === word);
    found?.outputHelp();
    return found !== undefined;
  };

/** A list of commands has a line for each: their arguments are in their own help. */
function shapeHelp(command: Command): void {
  command.configureHelp({
    subcommandTerm: (sub) => sub.name(),
    styleTitle: (text) => style.bold(text),
    optionDescription: (option) =>
      option.description +
      (hasWorthyDefault(option.defaultValue)
        ? ` (default: ${option.defaultValueDescription ?? String(option.defaultValue)})`
        : ''),
  });
  for (const sub of command.commands) shapeHelp(sub);
}

/** That a flag is off and a list empty when nobody gives it needs no words. */
const hasWorthyDefault = (value: unknown): boolean => typeof value === 'string' && value !== '';
