import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { Context } from '../../context.js';
import { MlsysError } from '../../errors.js';
import { type GitCall, gitItems, gitText, runGit } from './run.js';

/** The repository that a project lies in, and where in it. */
export interface Repository {
  /** The top of the work tree. */
  readonly top: string;
  /** The project's folder below the top: empty, or ending in `/`. */
  readonly prefix: string;
  /** The git folder of this work tree. */
  readonly gitDir: string;
  readonly call: GitCall;
}

export async function openRepository(ctx: Context, root: string): Promise<Repository> {
  const call = { cwd: root, env: ctx.env };
  const args = ['rev-parse', '--is-inside-work-tree', '--show-object-format', '--show-cdup', '--absolute-git-dir'];
  const { exitCode, stdout, stderr } = await runGit(args, { ...call, accept: [128] });
  if (exitCode !== 0) {
    if (/dubious ownership/.test(stderr)) {
      throw new MlsysError('git', `${root} belongs to another user, so git does not read it`, {
        hint: `git config --global --add safe.directory ${root}`,
      });
    }
    throw new MlsysError('git', `${root} is not in a git repository`, {
      hint: 'make it one first: git init && git add --all && git commit -m "Start"',
    });
  }
  const [inside, format, up = '', ...rest] = stdout.toString().split('\n');
  if (inside !== 'true') throw new MlsysError('git', `${root} is not in the work tree of a git repository`);
  if (format !== 'sha1') {
    throw new MlsysError('git', `the repository names its objects with ${format}, and mlsys knows sha1 only`, {
      hint: 'git init --object-format=sha1 makes one that mlsys can work in',
    });
  }
  // A folder's name may hold a line end, so what git prints of a path is taken last and whole.
  const [top, gitDir] = [resolve(realpathSync(root), up), resolve(rest.join('\n').slice(0, -1))];
  const below = relative(top, realpathSync(root)).split(sep).join('/');
  return { top, prefix: below === '' ? '' : `${below}/`, gitDir, call: { ...call, cwd: top } };
}

export async function headOf({ call }: Repository): Promise<string> {
  const { exitCode, stdout } = await runGit(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], {
    ...call,
    accept: [1, 128],
  });
  if (exitCode !== 0) {
    throw new MlsysError('git', 'the repository has no commit yet', { hint: 'git add --all && git commit -m "Start"' });
  }
  return stdout.toString().trim();
}

/** The id of the project's own tree in a commit. */
export async function projectTree({ call, prefix }: Repository, commit: string): Promise<string> {
  const { exitCode, stdout } = await runGit(['rev-parse', '--verify', '--quiet', `${commit}:${prefix}`], {
    ...call,
    accept: [1, 128],
  });
  if (exitCode === 0) return stdout.toString().trim();
  throw new MlsysError('git', `${prefix || 'the project'} is not committed yet`, {
    hint: 'git add --all && git commit',
  });
}

/** Both at once. */
export async function headAndTree(repository: Repository): Promise<{ readonly head: string; readonly tree: string }> {
  const { call, prefix } = repository;
  const args = ['rev-parse', 'HEAD^{commit}', `HEAD:${prefix}`];
  const { exitCode, stdout } = await runGit(args, { ...call, accept: [128] });
  const [head = '', tree = ''] = stdout.toString().split('\n');
  if (exitCode === 0) return { head, tree };
  const commit = await headOf(repository);
  return { head: commit, tree: await projectTree(repository, commit) };
}

const operations: readonly (readonly [string, string, string])[] = [
  ['MERGE_HEAD', 'a merge', 'git commit, or git merge --abort'],
  ['rebase-merge', 'a rebase', 'git rebase --continue or --abort'],
  ['rebase-apply', 'a rebase', 'git rebase --continue or --abort'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick', 'git cherry-pick --continue or --abort'],
  ['REVERT_HEAD', 'a revert', 'git revert --continue or --abort'],
];

/** What git is in the middle of, and how to end it. */
export function operationInProgress({
  gitDir,
}: Repository): { readonly what: string; readonly end: string } | undefined {
  const found = operations.find(([file]) => existsSync(join(gitDir, file)));
  return found === undefined ? undefined : { what: found[1], end: found[2] };
}

export const mergeHead = ({ gitDir }: Repository): string | undefined => {
  const path = join(gitDir, 'MERGE_HEAD');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
};

/** Paths whose conflict is not settled in the index. */
export async function unmergedPaths({ call }: Repository): Promise<string[]> {
  return [
    ...new Set(
      (await gitItems(['ls-files', '--unmerged', '-z', '--full-name'], call)).map((text) =>
        text.slice(text.indexOf('\t') + 1),
      ),
    ),
  ];
}

/** Tracked files that differ from HEAD: in the work tree, and in the index. Untracked and ignored files are not looked at. */
export async function localChanges({
  call,
}: Repository): Promise<{ readonly changed: Set<string>; readonly staged: Set<string> }> {
  await runGit(['update-index', '-q', '--refresh'], { ...call, accept: [1] });
  const args = ['status', '--porcelain', '-z', '--untracked-files=no', '--no-renames', '--ignore-submodules=dirty'];
  const [changed, staged] = [new Set<string>(), new Set<string>()];
  for (const item of await gitItems(args, call)) {
    const path = item.slice(3);
    changed.add(path);
    if (!item.startsWith(' ')) staged.add(path);
  }
  return { changed, staged };
}

export const currentBranch = async ({ call }: Repository): Promise<string> =>
  gitText(['rev-parse', '--abbrev-ref', 'HEAD'], call);

/** The repository as one that can be read and added to without a trace: new objects go to a folder of their own. */
export async function scratchRepository(repository: Repository, folder: string): Promise<Repository> {
  const objects = await gitText(['rev-parse', '--path-format=absolute', '--git-path', 'objects'], repository.call);
  // In the list that git reads, a colon parts folders, unless the name is quoted as in C.
  const quoted = /[:"\\\n]/.test(objects) ? JSON.stringify(objects) : objects;
  return { ...repository, call: { ...repository.call, scratch: { objects: folder, repository: quoted } } };
}
