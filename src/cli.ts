import { Command, CommanderError } from 'commander';
import { type Context, systemContext } from './context.js';
import { didYouMean } from './core/nearest.js';
import { MlsysError } from './errors.js';
import { describeError } from './ui/error.js';
import { wireBranches } from './wire/branches.js';
import { wireProject } from './wire/create.js';
import { wireExchange } from './wire/exchange.js';
import { wireHelp } from './wire/help.js';
import { wireLifecycle } from './wire/lifecycle.js';
import { wirePublish } from './wire/publish.js';
import type { Call } from './wire/options.js';

/** The command line. The wiring of each part holds the flags of its commands, and imports their module when they are called. */
function wire(ctx: Context, version: string): { readonly program: Command; readonly exitCode: () => number } {
  let code = 0;
  const call: Call = async (run) => {
    code = await run();
  };
  const program = new Command('mlsys')
    .description('Creates a machine-learning project from branches, and keeps it in step with its template for life')
    .version(version, '-V, --version')
    .showHelpAfterError('(mlsys --help lists the commands)')
    .enablePositionalOptions()
    .exitOverride();

  const wiring = { program, ctx, call };
  wireProject(wiring);
  wireLifecycle(wiring);
  wireBranches(wiring);
  wirePublish(wiring);
  wireExchange(wiring);
  wireHelp(wiring);
  return { program, exitCode: () => code };
}

/** Where the first word is no command, it is a task of the project or, in a clone that is to become one, the project's name. */
async function withCommand(program: Command, argv: readonly string[], cwd: string): Promise<readonly string[]> {
  const [word] = argv;
  const known = program.commands.map((command) => command.name());
  if (word === undefined || word.startsWith('-') || known.includes(word)) return argv;
  const { isNameForInit } = await import('./commands/init.js');
  return [isNameForInit(cwd, word, known) ? 'init' : 'run', ...argv];
}

async function main(argv: readonly string[]): Promise<number> {
  const ctx = systemContext();
  const { program, exitCode } = wire(ctx, ctx.version);
  const words = await withCommand(program, argv, ctx.cwd);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode();
  } catch (error) {
    // Commander has printed its own message; asking for help or the version is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    throw words === argv || words[0] === 'init' ? error : explainUnknown(program, argv[0] ?? '', error);
  }
}

/** Outside a project an unknown word is more likely a command that was mistyped than a task. */
function explainUnknown(program: Command, word: string, error: unknown): unknown {
  if (!(error instanceof MlsysError) || error.code !== 'project') return error;
  const names = program.commands.map((command) => command.name()).filter((name) => !name.startsWith('__'));
  return new MlsysError(
    'usage',
    `there is no command ${JSON.stringify(word)}, and no project here whose task it could be`,
    {
      hint: didYouMean(word, names, 'the commands are'),
    },
  );
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const { text, exitCode } = describeError(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = exitCode;
  },
);
