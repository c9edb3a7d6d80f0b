import { style } from './style.js';

export interface Topic {
  readonly summary: string;
  readonly text: string;
}

/** Pages of `mlsys help <topic>`. Each fits a screen of 80 columns; what is indented by four is typed at a shell. */
export const topics: Readonly<Record<string, Topic>> = {
  branches: {
    summary: 'what a project is made of, and how to change that',
    text: `
A project is rendered from layers: the base (main), and any number of branches
on top of it. A branch adds files, packages, configuration, tasks and checks; it
never replaces a file of another layer, so branches stand beside each other.

See what there is, and what a branch asks and brings:

    mlsys branch list
    mlsys branch show llm-finetuning

Take branches from the start, or later. Each of these is a merge: what you
edited stays, and --dry-run shows the plan that would be applied.

    mlsys new my-project --branch llm-finetuning
    mlsys add llm-finetuning       # one more
    mlsys remove llm-finetuning    # one less
    mlsys switch main              # exactly these; main alone is the base
    mlsys status                   # which ones the project has

Files of a branch that you edited are never deleted in silence: removing the
branch makes them conflicts. The Python environment follows (--no-setup: not).

Answers to the questions of layers, and the names of the project and its
package, change in the same way; folders move, edits stay:

    mlsys configure project_name=other-name description="What it is for"

See also: mlsys help templates, mlsys help merging`,
  },
  templates: {
    summary: 'where projects come from; writing branches of your own',
    text: `
A template repository is a folder or git repository with branches/<name>/ and,
if it has a base of its own, templates/base/. Without one its branches stand on
the base of mlsys, which is itself the built-in template.

    mlsys new my-project --from ../our-template --branch risk
    mlsys new my-project --from https://example.org/t.git#v1.2.0
    mlsys branch list --from ../our-template

Versions are git tags such as v1.2.0, or commits. The project's lock names the
one that it has; mlsys sync goes to the newest, or to that of --to. A project
without a lock gets one, on the version that comes nearest to its files:

    mlsys adopt --from ../our-template

Write a branch of your own:

    mlsys branch create risk --init --in risk-template    # starts a repository
    mlsys branch create fraud --extends risk              # one more, in it
    mlsys branch lint                                     # every fault at once
    mlsys branch test risk --with fraud                   # render, run checks
    mlsys branch dev risk                                 # a project to edit in
    mlsys branch diff risk fraud                          # what differs

branch.yaml says what a branch asks (questions), needs (requires, python), adds
(plugins, tasks, services, env) and tells about its versions (migrations). Only
a file that ends in .hbs is rendered; all others are copied byte for byte.

branch test and branch dev run the code of the template that you are in: it is
yours. For a template from a url, --trust is needed.

See also: mlsys help contributing, mlsys help trust`,
  },
  merging: {
    summary: 'how updates and your edits come together',
    text: `
The lock (.mlsys/lock.json) names every file as the template rendered it: the
baseline. An update is a three-way merge of the baseline, your HEAD and the new
rendering, worked out inside git's object store before a file is touched.

    mlsys sync --dry-run     # the plan: the very one that is applied
    mlsys sync               # merge and commit
    mlsys sync --to v2.0.0   # a certain version
    mlsys sync --check       # for CI: exit 1 if there is an update
    mlsys diff               # what you changed since the template rendered it
    mlsys diff --upstream    # what the newest template changes

    you               the template       result
    left it           changed it         the template's
    changed it        left it            yours
    changed it        changed elsewhere  both
    changed it        the same and more  the template's, and the other way round
    added to a list   added to it        both (TOML, YAML, JSON)
    renamed it        changed it         the change follows
    deleted it        changed it         stays deleted, and the plan says so
    changed it        changed the same   a conflict
    changed it        deleted it         a conflict

Uncommitted changes that an update does not touch are left alone; where they
collide, mlsys names the files and stops before anything is written. A merge
needs no common history: squash merges, rebases and shallow clones don't matter.
A command that was killed leaves a journal, and the next one tidies up.

See also: mlsys help conflicts`,
  },
  conflicts: {
    summary: 'settling what a merge could not',
    text: `
With conflicts, a command exits with 1 and leaves an ordinary git merge in
progress. git status, mergetools, rerere and editors work as in any merge:
"ours" is your project, "theirs" the template.

    git status                      # the files in conflict
    git checkout --ours <file>      # keep yours
    git checkout --theirs <file>    # take the template's
    git add <file>                  # settled
    mlsys sync --continue           # commit; the lock moves along
    mlsys sync --abort              # every byte as it was before

This is so for switch, add, remove and configure, too. Until a merge is finished
or taken back, the next command says so and does nothing.

What is a conflict beside equal lines changed by both:
  - a file that you changed and the template deleted, or the branch of which is
    removed: to delete it, git rm it; to keep it as yours, git add it
  - a TOML, YAML or JSON file that would not parse after the merge
  - where the former template is lost (a shallow clone of a project whose
    template is gone): with --two-way each difference is shown as a conflict

Markers that show the baseline, too:

    git config merge.conflictStyle diff3

See also: mlsys help merging`,
  },
  trust: {
    summary: 'when mlsys runs code of a template',
    text: `
Rendering a template runs none of its code, reads nothing outside it and writes
nothing outside the project. Set-up and tasks do run code: packages are built,
commands of the template are called. So for a template that is not the built-in
one they are refused until you say that you trust it:

    mlsys new my-project --from https://example.org/t.git --no-setup
    cd my-project            # look through it
    mlsys setup --trust      # from now on

Trust is for one source at one commit. An update to another commit asks again.
It is remembered in your own configuration, in trust.json; delete a line there
to take it back. No project can bring its own trust along.

    ~/.config/mlsys/trust.json          Linux, macOS (or in XDG_CONFIG_HOME)
    %LOCALAPPDATA%\\mlsys\\config         Windows

In a template repository of your own, branch test and branch dev set up and run
without a question: to test a template is to run its code. branch test --from a
url needs --trust as ever.

Templates come over https, ssh, or from a folder; nothing else. Passwords in a
url are not written to the lock. Answers to secret questions go to .env, which
git ignores, and nowhere else. To take only commits of a url that are signed by
somebody whom your git knows (gpg, or gpg.ssh.allowedSignersFile):

    git config --global mlsys.requireSignedTemplates true

See also: mlsys help offline`,
  },
  tasks: {
    summary: 'running what a project can do',
    text: `
A task is a command with a name, which the base or a branch declares. It runs in
the project's own environment, at its root, from any folder below.

    mlsys run                        # list them
    mlsys run test                   # run one
    mlsys test                       # the same: no command has that name
    mlsys run test -- -k config -x   # with arguments for its last command
    mlsys run all-checks             # format, lint, types, tests, as CI does

make <task> does the same without mlsys.

Each task is there as <task>-<branch>, too: train-risk, test-main. Where several
branches declare train, the plain name is an error that lists them; demo alone
runs that of each in turn. mlsys run --all lists the full names.

The environment is made first where it is missing, and brought into step where
pyproject.toml or uv.lock changed. To do only that:

    mlsys setup

Input, output, signals and the exit code are those of the task. What one needs
(a GPU, an extra, a service) is checked before it starts.

If something is wrong with the machine or the project:

    mlsys doctor
    mlsys doctor --fix

See also: mlsys help branches`,
  },
  offline: {
    summary: 'what works without a network',
    text: `
The built-in template is a part of mlsys, so all of this needs no network:

    mlsys new my-project --no-setup
    mlsys sync
    mlsys add llm-finetuning --no-setup

A template from a url is kept in the cache, by commit, once it was fetched. From
then on switch, add, remove, configure, status and diff work without a network,
and sync to a version that the cache has:

    mlsys sync --to v1.2.0

Cleaning the cache costs nothing but the time to fetch again.

    ~/.cache/mlsys               Linux, macOS (or in XDG_CACHE_HOME)
    %LOCALAPPDATA%\\mlsys\\cache    Windows

The environment comes from uv, which keeps each package that it installed in a
cache of its own. With all packages there, set-up works offline:

    UV_OFFLINE=1 mlsys setup

Without them, mlsys leaves the project as it is, says what is missing, and goes
on with mlsys setup when there is a network. For a machine that never has one,
download wheels elsewhere (pip download) and point uv to them:
UV_FIND_LINKS=<folder> mlsys setup

See also: mlsys help trust`,
  },
  contributing: {
    summary: 'working on a branch, and on a template',
    text: `
A branch is worked on in a project that is linked to its template:

    cd our-template
    mlsys branch dev risk            # make it, or bring it up to date
    cd .mlsys-dev/risk
    mlsys run all-checks             # edit, run and test here
    mlsys contribute --dry-run       # where each change goes
    mlsys contribute                 # bring them into the template

A fix that was made in any other project goes back in the same way:

    mlsys contribute README.md --to ../our-template

It becomes a git branch with one commit in that clone, whose own files stay as
they are: merge it, or push it for a pull request. Answers are variables again.
A change to a file of a branch goes to that branch, one to a file of the base to
the base; what can't be brought back is listed with the reason. Deletions go
along where they are named. Once the template has it, mlsys sync, or the next
mlsys branch dev, has nothing left to merge for it.

Before a pull request to the template:

    mlsys branch lint                # every fault, with its file and line
    mlsys branch test risk           # make a project of it and run its checks
    mlsys branch diff main risk      # what the branch adds

See also: mlsys help templates`,
  },
};

export function renderTopic(name: string, { summary, text }: Topic): string {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => (/^ {4}(mlsys|git|cd) /.test(line) ? style.cyan(line) : line));
  return [style.bold(`mlsys help ${name}: ${summary}`), '', ...lines].join('\n');
}

/** Stands below the list of commands. */
export const topicList = (): string => `Topics (mlsys help <topic>):\n  ${Object.keys(topics).join(', ')}`;
