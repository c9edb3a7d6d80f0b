import { answers, from, json, repeatable, trust, type Wiring } from './options.js';

/** Commands that make a project and run it. */
export function wireProject({ program, ctx, call }: Wiring): void {
  program
    .command('new')
    .summary('create a project')
    .description('Creates a project: files, git repository, Python environment. The last part of the path is its name.')
    .argument('<path>', 'a new or empty folder')
    .argument('[task-args...]', 'arguments of the task of --run, after --')
    .addOption(repeatable('-b, --branch <branch>', 'a branch on top of the base; may be repeated'))
    .addOption(from())
    .addOption(answers())
    .option('-y, --yes', 'take the default of every question', false)
    .option('--no-setup', 'do not make the Python environment')
    .option('--no-git', 'write the files only')
    .option('--run <task>', 'run a task when the project is there')
    .option('--dry-run', 'show what would be made', false)
    .addOption(trust())
    .addOption(json())
    .action(async (path: string, taskArgs: string[], options) =>
      call(async () => (await import('../commands/new.js')).newCommand(ctx, path, { ...options, taskArgs })),
    );

  program
    .command('setup')
    .summary('make the Python environment of the project')
    .description('Makes or updates the Python environment of the project with uv, which is fetched if it is missing.')
    .addOption(trust())
    .action((options) => call(async () => (await import('../commands/setup.js')).setupCommand(ctx, options)));

  program
    .command('run')
    .summary('run a task of the project; without a name, list them')
    .description('Runs a task of the project. `mlsys <task>` is short for it.')
    .argument('[task]')
    .argument('[args...]', 'arguments of the task, after --')
    .option('--all', 'list the full names <task>-<branch> too', false)
    .addOption(trust())
    .addOption(json())
    .passThroughOptions()
    .action((task: string | undefined, args: string[], options) =>
      call(async () => (await import('../commands/run.js')).runCommand(ctx, task, withoutDashes(args), options)),
    );

  program
    .command('doctor')
    .summary('check the machine and the project')
    .description('Checks the machine and the project, and says how to mend what is wrong.')
    .option('--fix', 'mend what can be mended safely', false)
    .addOption(json())
    .action((options) => call(async () => (await import('../commands/doctor.js')).doctorCommand(ctx, options)));
}

/** `mlsys run demo -- --seed 1` and `mlsys run demo --seed 1` mean the same. */
const withoutDashes = (args: readonly string[]): readonly string[] => (args[0] === '--' ? args.slice(1) : args);
