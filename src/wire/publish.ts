import { answers, json, trust, type Wiring } from './options.js';

/** The command that turns a clone of a published branch into a project. */
export function wirePublish({ program, ctx, call }: Wiring): void {
  program
    .command('init')
    .summary('turn a clone of a published branch into your project')
    .description(
      'Turns a clone of a published branch into a project, in place: name, package, lock, a history of its own, the remote `upstream`. `./mlsys <name>` in the clone is short for it.',
    )
    .argument('[name]', 'the name of the project; by default that of the folder')
    .addOption(answers())
    .option('--keep-history', 'a commit on top of the history of the clone; edits are merged', false)
    .option('--no-setup', 'do not make the Python environment')
    .option('-y, --yes', 'take the default of every question', false)
    .option('--dry-run', 'show what would be made', false)
    .addOption(trust())
    .addOption(json())
    .action((name: string | undefined, options) =>
      call(async () => (await import('../commands/init.js')).initCommand(ctx, name, options)),
    );
}
