import { localChanges, type Repository } from '../adapters/git/repository.js';
import { gitText, runGit } from '../adapters/git/run.js';
import { type Drift, uvLockPath } from '../core/drift.js';
import { MlsysError } from '../errors.js';

const shown = 20;

/** Refuses to start a history of its own where something of the person's would not be in it. */
export async function refuseLoss(repository: Repository, edited: readonly Drift[]): Promise<void> {
  const { changed } = await localChanges(repository);
  changed.delete(uvLockPath);
  if (changed.size > 0) {
    throw loss('the clone has changes that are not committed', [...changed], 'commit them, then use --keep-history');
  }
  const commits = await unpublishedCommits(repository);
  if (commits.length > 0) throw loss('the clone has commits of its own, which would be lost', commits, keep);
  if (edited.length > 0) {
    const files = edited.map(({ path, state }) => `${path}: ${state}`);
    throw loss('the clone is not as its template renders it', files, keep);
  }
}

const keep = '--keep-history keeps the history and merges the edits';

const loss = (message: string, details: readonly string[], hint: string): MlsysError =>
  new MlsysError('conflict', message, {
    details: [...details.slice(0, shown), ...(details.length > shown ? [`and ${details.length - shown} more`] : [])],
    hint,
  });

/** Commits on any branch or tag, or in the stash, that no remote has. The lock that set-up makes does not count. */
async function unpublishedCommits({ call }: Repository): Promise<string[]> {
  const stash = await runGit(['rev-parse', '--verify', '--quiet', 'refs/stash'], { ...call, accept: [1] });
  const refs = ['HEAD', '--branches', '--tags', ...(stash.exitCode === 0 ? ['refs/stash'] : [])];
  const paths = ['--', '.', `:(exclude)${uvLockPath}`];
  const args = [
    'rev-list',
    '--no-commit-header',
    '--format=%h %s',
    `--max-count=${shown + 1}`,
    ...refs,
    '--not',
    '--remotes',
    ...paths,
  ];
  const text = await gitText(args, call);
  return text === '' ? [] : text.split('\n');
}
