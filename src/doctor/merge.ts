import { interruptedCommand, isInterrupted, pendingMerge } from '../adapters/git/apply.js';
import { operationInProgress, type Repository, unmergedPaths } from '../adapters/git/repository.js';
import { withPendingMerge } from '../engine/session.js';
import { plural } from '../ui/style.js';
import { type Check, type Facts, type Finding, noRepository, ok, outside } from './check.js';

export const merge: Check = {
  name: 'merge',
  title: 'unfinished work',
  run: async (facts) => {
    if (facts.root === undefined) return outside;
    const { value: repository } = await facts.repository();
    if (repository === undefined) return noRepository;
    if (isInterrupted(repository)) return interrupted(facts, repository);
    const pending = pendingMerge(repository);
    if (pending !== undefined) return unfinished(pending.command, await unmergedPaths(repository));
    const operation = operationInProgress(repository);
    if (operation === undefined) return ok('none');
    return { status: 'warn', found: `${operation.what} is in progress`, fix: operation.end };
  },
};

/** Going back is safe: the next command of mlsys would do just that first. */
function interrupted({ ctx }: Facts, { top }: Repository): Finding {
  const command = interruptedCommand(top);
  return {
    status: 'fail',
    found: `${command === undefined ? 'a command of mlsys' : `\`mlsys ${command}\``} was interrupted, or is at work now`,
    fix: 'mlsys sync --abort brings the project to before or after it',
    apply: () => withPendingMerge(ctx, () => Promise.resolve()),
  };
}

function unfinished(command: string, conflicts: readonly string[]): Finding {
  const found = `\`mlsys ${command}\` is not finished`;
  if (conflicts.length === 0) return { status: 'warn', found, fix: 'mlsys sync --continue, or mlsys sync --abort' };
  return {
    status: 'warn',
    found: `${found}: ${plural(conflicts.length, 'file')} with conflicts`,
    fix: 'settle them, git add the files, then mlsys sync --continue; or mlsys sync --abort',
  };
}
