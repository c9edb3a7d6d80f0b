import { Option } from 'commander';
import { from, json, repeatable, trust, type Wiring } from './options.js';

/** Commands for those who write templates. */
export function wireBranches({ program, ctx, call }: Wiring): void {
  const branch = program
    .command('branch')
    .summary('list, create, check and compare branches')
    .description('Works with the branches of a template.');
  branch
    .command('list')
    .summary('the branches of a template')
    .description('Lists the branches of a template.')
    .addOption(from())
    .addOption(json())
    .action((options) => call(async () => (await import('../commands/branch.js')).branchList(ctx, options)));
  branch
    .command('show')
    .summary('what a branch asks, needs and brings')
    .description('Shows what a branch asks, needs and brings.')
    .argument('<branch>')
    .addOption(from())
    .addOption(json())
    .action((name: string, options) =>
      call(async () => (await import('../commands/branch.js')).branchShow(ctx, name, options)),
    );
  branch
    .command('lint')
    .summary('every fault of a template, at once')
    .description('Reports every fault of a template repository at once.')
    .argument('[path]', 'the template repository', '.')
    .addOption(json())
    .action((path: string, options) =>
      call(async () => (await import('../commands/lint.js')).branchLint(ctx, path, options)),
    );

  branch
    .command('create')
    .summary('add a branch to a template, or start a template with it')
    .description(
      'Adds a branch to the template repository that this folder is in, with a small model, configuration, a command, tests and a README section of its own.',
    )
    .argument('<name>', 'words of a-z and 0-9, joined by "-"')
    .option('--extends <branch>', 'the branch that it stands on', 'main')
    .option('--title <text>', 'its name for people; by default made from its name')
    .option('--summary <text>', 'one line that says what it is for')
    .option('--init', 'start a template repository with it, in an empty or new folder', false)
    .option('--in <path>', 'the template repository, or with --init its folder; by default this one')
    .action((name: string, options) =>
      call(async () => (await import('../commands/branch-create.js')).branchCreate(ctx, name, options)),
    );
  branch
    .command('test')
    .summary('make a project of a branch and run its checks')
    .description(
      'Lints the template, makes a project of a branch in a temporary folder, sets it up and runs its checks (the task all-checks). A template in a folder of yours may run its code for this; one from a url needs --trust.',
    )
    .argument('<branch>')
    .addOption(others())
    .addOption(otherSource())
    .option('--keep', 'leave the project, to look at', false)
    .addOption(trust())
    .action((name: string, options) =>
      call(async () => (await import('../commands/branch-test.js')).branchTest(ctx, name, options)),
    );
  branch
    .command('dev')
    .summary('make or refresh a project to work on a branch in')
    .description(
      'Makes a project to work on a branch in, linked to its template, or refreshes the one that is there; edits stay. `mlsys contribute` in it brings them back into the template.',
    )
    .argument('<branch>')
    .addOption(others())
    .option('--path <folder>', 'where; by default .mlsys-dev/<branch> in the template repository')
    .option('--no-setup', 'do not make the Python environment')
    .action((name: string, options) =>
      call(async () => (await import('../commands/branch-dev.js')).branchDev(ctx, name, options)),
    );
  branch
    .command('diff')
    .summary('what differs between two branches')
    .description('Shows what differs between two branches: what their manifests say, and the files that they give.')
    .argument('<branch>')
    .argument('<other-branch>')
    .addOption(otherSource())
    .option('--patch', 'show the differing lines, too', false)
    .addOption(json())
    .action((a: string, b: string, options) =>
      call(async () => (await import('../commands/branch-diff.js')).branchDiff(ctx, a, b, options)),
    );
  branch
    .command('publish')
    .description(
      'Writes each branch of the template as a git branch of a repository, ready to be cloned: git clone -b <branch> <repository> <name>, then ./mlsys <name>. Branches only ever go forward.',
    )
    .requiredOption('--to <repository>', 'a folder with a repository, a bare one, or a git url')
    .addOption(otherSource())
    .option('--dry-run', 'show what would be published', false)
    .addOption(json())
    .action((options) => call(async () => (await import('../commands/publish.js')).branchPublish(ctx, options)));
}

const others = (): Option => repeatable('--with <branch>', 'another branch beside it; may be repeated');

/** Where most commands mean the built-in template, these mean the one that is worked in. */
const otherSource = (): Option =>
  new Option('--from <source>', 'template: a folder or git url; by default the one that this folder is in');
