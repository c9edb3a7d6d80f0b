import { Command, CommanderError, Option } from 'commander';
import { type Context, systemContext } from './context.js';
import { didYouMean } from './core/nearest.js';
import { builtinSource } from './core/source.js';
import { MlsysError } from './errors.js';
import { describeError } from './ui/error.js';

const collect = (value: string, former: readonly string[]): string[] => [...former, value];
const repeatable = (flags: string, help: string): Option =>
  new Option(flags, help).argParser(collect).default([], 'none');
const json = (): Option => new Option('--json', 'print data for a program');

type Run = (ctx: Context) => Promise<number>;

/** Every command: its flags, and the module that is imported when it is called. */
function wire(ctx: Context, version: string): { readonly program: Command; readonly exitCode: () => number } {
  let code = 0;
  const call = async (run: Run): Promise<void> => {
    code = await run(ctx);
  };
  const program = new Command('mlsys')
    .description('Creates a machine-learning project from branches, and keeps it in step with its template for life')
    .version(version, '-V, --version')
    .showHelpAfterError('(mlsys --help lists the commands)')
    .enablePositionalOptions()
    .exitOverride();

  program
    .command('new')
    .summary('create a project')
    .description('Creates a project: files, git repository, Python environment. The last part of the path is its name.')
    .argument('<path>', 'a new or empty folder')
    .argument('[task-args...]', 'arguments of the task of --run, after --')
    .addOption(repeatable('-b, --branch <branch>', 'a branch on top of the base; may be repeated'))
    .option('--from <source>', 'template: a folder or git url, with #ref if wanted', builtinSource)
    .addOption(repeatable('--set <name=value>', 'the answer to a question; may be repeated'))
    .option('-y, --yes', 'take the default of every question', false)
    .option('--no-setup', 'do not make the Python environment')
    .option('--no-git', 'write the files only')
    .option('--run <task>', 'run a task when the project is there')
    .option('--dry-run', 'show what would be made', false)
    .option('--trust', 'let this template, which is not the built-in one, run set-up and tasks', false)
    .addOption(json())
    .action(async (path: string, taskArgs: string[], options) =>
      call(async () => (await import('./commands/new.js')).newCommand(ctx, path, { ...options, taskArgs })),
    );

  program
    .command('setup')
    .summary('make the Python environment of the project')
    .description('Makes or updates the Python environment of the project with uv, which is fetched if it is missing.')
    .action(() => call(async () => (await import('./commands/setup.js')).setupCommand(ctx)));

  program
    .command('run')
    .summary('run a task of the project; without a name, list them')
    .description('Runs a task of the project. `mlsys <task>` is short for it.')
    .argument('[task]')
    .argument('[args...]', 'arguments of the task, after --')
    .option('--all', 'list the full names <task>-<branch> too', false)
    .addOption(json())
    .passThroughOptions()
    .action((task: string | undefined, args: string[], options) =>
      call(async () => (await import('./commands/run.js')).runCommand(ctx, task, withoutDashes(args), options)),
    );

  program
    .command('doctor')
    .summary('check the machine and the project')
    .description('Checks the machine and the project, and says how to mend what is wrong.')
    .option('--fix', 'mend what can be mended safely', false)
    .addOption(json())
    .action((options) => call(async () => (await import('./commands/doctor.js')).doctorCommand(ctx, options)));

  const branch = program
    .command('branch')
    .summary('list, show and check branches')
    .description('Works with the branches of a template.');
  const from = (): Option =>
    new Option('--from <source>', 'template: a folder or git url, with #ref if wanted').default(builtinSource);
  branch
    .command('list')
    .description('Lists the branches of a template.')
    .addOption(from())
    .addOption(json())
    .action((options) => call(async () => (await import('./commands/branch.js')).branchList(ctx, options)));
  branch
    .command('show')
    .description('Shows what a branch asks, needs and brings.')
    .argument('<branch>')
    .addOption(from())
    .addOption(json())
    .action((name: string, options) =>
      call(async () => (await import('./commands/branch.js')).branchShow(ctx, name, options)),
    );
  branch
    .command('lint')
    .description('Reports every fault of a template repository at once.')
    .argument('[path]', 'the template repository', '.')
    .addOption(json())
    .action((path: string, options) =>
      call(async () => (await import('./commands/lint.js')).branchLint(ctx, path, options)),
    );

  return { program, exitCode: () => code };
}

/** `mlsys run demo -- --seed 1` and `mlsys run demo --seed 1` mean the same. */
const withoutDashes = (args: readonly string[]): readonly string[] => (args[0] === '--' ? args.slice(1) : args);

/** Where the first word is no command, it is a task of the project. */
function asTask(program: Command, argv: readonly string[]): readonly string[] {
  const [word] = argv;
  const known = [...program.commands.map((command) => command.name()), 'help'];
  if (word === undefined || word.startsWith('-') || known.includes(word)) return argv;
  return ['run', ...argv];
}

async function main(argv: readonly string[]): Promise<number> {
  const ctx = systemContext();
  const { program, exitCode } = wire(ctx, ctx.version);
  const words = asTask(program, argv);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return exitCode();
  } catch (error) {
    // Commander has printed its own message; asking for help or the version is no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    throw words === argv ? error : explainUnknown(program, argv[0] ?? '', error);
  }
}

/** Outside a project an unknown word is more likely a command that was mistyped than a task. */
function explainUnknown(program: Command, word: string, error: unknown): unknown {
  if (!(error instanceof MlsysError) || error.code !== 'project') return error;
  const names = program.commands.map((command) => command.name());
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
