/** The command line as data: what completion and the man page are made from. */
export interface CommandSpec {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly description: string;
  readonly hidden: boolean;
  /** Whether options after the first argument belong to something else. */
  readonly passesOptions: boolean;
  readonly options: readonly OptionSpec[];
  readonly arguments: readonly ArgumentSpec[];
  readonly commands: readonly CommandSpec[];
}

export interface OptionSpec {
  /** As people type it: `-b, --branch <branch>`. */
  readonly flags: string;
  readonly names: readonly string[];
  readonly help: string;
  /** What stands for its value, such as `branch`; none where it takes no value. */
  readonly value: string | undefined;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly help: string;
  readonly variadic: boolean;
  readonly choices: readonly string[];
}

/** The command that words name, with those above it: `branch`, then `test`. */
export function commandAt(root: CommandSpec, words: readonly string[]): CommandSpec | undefined {
  let found: CommandSpec | undefined = root;
  for (const word of words) found = found?.commands.find((command) => command.name === word);
  return found;
}
