import { answers, json, repeatable, trust, type Wiring } from './options.js';

/** Commands between a project and a template that did not make it, or does not know its changes. */
export function wireExchange({ program, ctx, call }: Wiring): void {
  program
    .command('contribute')
    .summary('bring changes back into the template')
    .description(
      'Brings what the project changed back into the source files of its template, answers turned into variables: as a branch with one commit in a clone, ready for a pull request. What can’t be brought back is listed with the reason.',
    )
    .argument('[path...]', 'files or folders of the project; by default all changes but deletions')
    .option('--to <folder>', 'a clone or a folder of the template; by default the folder that the project came from')
    .option('--dry-run', 'show what would be brought back', false)
    .option('--branch <name>', 'the git branch to make; by default contribute/<project>-<id>')
    .option('--title <text>', 'the first line of the commit')
    .option('--layer <name>', 'the branch of the template that new files go to')
    .addOption(json())
    .action((paths: string[], options) =>
      call(async () => (await import('../commands/contribute.js')).contributeCommand(ctx, paths, options)),
    );

  program
    .command('adopt')
    .summary('give a project a lock that has none')
    .description(
      'Gives a lock to a project that was made without mlsys, or whose lock is lost: the nearest version of the template is found by comparing files, and what differs counts as edits. Only the lock is committed.',
    )
    .addOption(repeatable('--branch <name>', 'a branch that the project has; by default those whose files are there'))
    .option('--from <source>', 'template: a folder or git url, with #ref if wanted; by default the built-in one')
    .addOption(answers())
    .option('--name <name>', 'the name of the project; by default that in pyproject.toml')
    .option('--dry-run', 'show what would be found', false)
    .option('--force', 'take the nearest, however far it is', false)
    .addOption(trust())
    .addOption(json())
    .action((options) => call(async () => (await import('../commands/adopt.js')).adoptCommand(ctx, options)));
}
