import { from, json, type Wiring } from './options.js';

/** Commands for those who write templates. */
export function wireBranches({ program, ctx, call }: Wiring): void {
  const branch = program
    .command('branch')
    .summary('list, show and check branches')
    .description('Works with the branches of a template.');
  branch
    .command('list')
    .description('Lists the branches of a template.')
    .addOption(from())
    .addOption(json())
    .action((options) => call(async () => (await import('../commands/branch.js')).branchList(ctx, options)));
  branch
    .command('show')
    .description('Shows what a branch asks, needs and brings.')
    .argument('<branch>')
    .addOption(from())
    .addOption(json())
    .action((name: string, options) =>
      call(async () => (await import('../commands/branch.js')).branchShow(ctx, name, options)),
    );
  branch
    .command('lint')
    .description('Reports every fault of a template repository at once.')
    .argument('[path]', 'the template repository', '.')
    .addOption(json())
    .action((path: string, options) =>
      call(async () => (await import('../commands/lint.js')).branchLint(ctx, path, options)),
    );
}
