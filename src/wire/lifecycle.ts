import type { Command } from 'commander';
import { answers, json, trust, type Wiring } from './options.js';

const changing = (command: Command): Command =>
  command
    .option('--dry-run', 'show what would change', false)
    .option('--two-way', 'where the former template is lost, show differences as conflicts', false)
    .addOption(trust())
    .option('--no-commit', 'leave the merge uncommitted')
    .addOption(json());

const branchCommands = [
  [
    'switch',
    'give the project other branches',
    'Gives the project exactly these branches; `main` alone is the general project.',
  ],
  ['add', 'add branches to the project', 'Adds branches to the project.'],
  [
    'remove',
    'remove branches from the project',
    'Removes branches. Files of theirs that were edited become conflicts: nothing is deleted in silence.',
  ],
] as const;

/** Commands that move a project to another target, or look at where it stands. */
export function wireLifecycle({ program, ctx, call }: Wiring): void {
  changing(program.command('sync'))
    .summary('merge template updates into the project')
    .description(
      'Brings the project to a newer version of its template. Edits stay; conflicts are left as in any git merge.',
    )
    .option('--to <ref>', 'a tag, branch or commit of the template, or a release of mlsys')
    .option('--from <source>', 'take the template from another place from now on')
    .option('--check', 'say whether an update exists, and change nothing', false)
    .option('--continue', 'commit a merge whose conflicts are settled', false)
    .option('--abort', 'take an unfinished merge back', false)
    .action((options) => call(async () => (await import('../commands/sync.js')).syncCommand(ctx, options)));

  for (const [name, summary, description] of branchCommands) {
    changing(program.command(name))
      .summary(summary)
      .description(description)
      .argument('<branch...>')
      .addOption(answers())
      .option('--no-setup', 'do not update the Python environment')
      .action((branches: string[], options) =>
        call(async () => (await import('../commands/switch.js'))[`${name}Command`](ctx, branches, options)),
      );
  }

  changing(program.command('configure'))
    .summary('change answers, the project’s name among them')
    .description('Changes answers of the project. project_name and package_name move folders; edits stay.')
    .argument('<name=value...>')
    .option('--no-setup', 'do not update the Python environment')
    .action((assignments: string[], options) =>
      call(async () => (await import('../commands/configure.js')).configureCommand(ctx, assignments, options)),
    );

  program
    .command('status')
    .summary('versions, branches, and which files were edited')
    .description('Shows the versions, branches and answers of the project, and how each file stands to its template.')
    .option('--all', 'list untouched files too', false)
    .addOption(json())
    .action((options) => call(async () => (await import('../commands/status.js')).statusCommand(ctx, options)));

  program
    .command('diff')
    .summary('what was changed since the template rendered it')
    .description(
      'Shows the project’s own changes against its baseline, or with --upstream what a newer template changes.',
    )
    .argument('[path...]')
    .option('--upstream', 'compare the baseline with the newest template', false)
    .option('--to <ref>', 'compare the baseline with this version of the template')
    .addOption(json())
    .action((paths: string[], options) =>
      call(async () => (await import('../commands/diff.js')).diffCommand(ctx, paths, options)),
    );
}
