import { type GitCall, runGit } from './run.js';
import { commitIdentity } from './write.js';

/** Why a file was not committed; `undefined` where it was. */
export type NotCommitted =
  | 'there is no repository'
  | 'the project is not in a commit yet'
  | 'git ignores it'
  | 'unchanged'
  | 'other changes are staged'
  | 'a merge is unfinished';

interface OneFile {
  readonly path: string;
  readonly message: string;
  /** A file that HEAD must hold, or the folder is not this repository's own. */
  readonly beside: string;
}

/** Commits one file and nothing else, where that mixes with nothing that the person has under way. */
export async function commitOneFile(
  call: GitCall,
  { path, message, beside }: OneFile,
): Promise<NotCommitted | undefined> {
  const succeeds = async (args: readonly string[]): Promise<boolean> =>
    (await runGit(args, { ...call, accept: [1, 128] })).exitCode === 0;
  const inside = await runGit(['rev-parse', '--is-inside-work-tree'], { ...call, accept: [128] });
  if (inside.stdout.toString().trim() !== 'true') return 'there is no repository';
  if (!(await succeeds(['cat-file', '-e', `HEAD:./${beside}`]))) return 'the project is not in a commit yet';
  if (await succeeds(['check-ignore', '--quiet', '--', path])) return 'git ignores it';
  const { stdout } = await runGit(['status', '--porcelain', '-z', '--', path], call);
  if (stdout.length === 0) return 'unchanged';
  for (const head of ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'REBASE_HEAD']) {
    if (await succeeds(['rev-parse', '--verify', '--quiet', head])) return 'a merge is unfinished';
  }
  if (!(await succeeds(['diff', '--cached', '--quiet', '--', ':/', `:(exclude)${path}`])))
    return 'other changes are staged';
  await runGit(['add', '--', path], call);
  await runGit(['commit', '--quiet', '--no-verify', '--message', message, '--', path], await asCommitter(call));
  return undefined;
}

/** Git refuses to commit without an identity; what it knows stays, what it lacks is mlsys' own. */
async function asCommitter(call: GitCall): Promise<GitCall> {
  const { name, email } = await commitIdentity(call);
  const { env } = call;
  return {
    ...call,
    env: {
      ...env,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_AUTHOR_NAME: env.GIT_AUTHOR_NAME ?? name,
      GIT_AUTHOR_EMAIL: env.GIT_AUTHOR_EMAIL ?? email,
    },
  };
}
