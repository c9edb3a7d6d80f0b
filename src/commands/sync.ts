import { abortMerge, concludeMerge, isInterrupted, pendingMerge, requirePending } from '../adapters/git/apply.js';

import { listEntries } from '../adapters/git/read.js';
import { openRepository, type Repository, unmergedPaths } from '../adapters/git/repository.js';
import { gitItems, gitText } from '../adapters/git/run.js';
import { commitIdentity } from '../adapters/git/write.js';
import { requireProjectRoot } from '../adapters/project.js';
import type { Context } from '../context.js';
import { MlsysError } from '../errors.js';
import { oldBaseline } from '../engine/baseline.js';
import { isCurrent } from '../engine/current.js';
import { goalOf } from '../engine/goal.js';
import { isUpToDate, planRetarget } from '../engine/retarget.js';
import { lookAtProject, withPendingMerge } from '../engine/session.js';
import { lockPath } from '../schema/lock.js';
import { retargetCommand, type RetargetFlags } from './retarget.js';

export interface SyncOptions extends RetargetFlags {
  readonly to?: string;
  readonly from?: string;
  readonly check?: boolean;
  readonly continue?: boolean;
  readonly abort?: boolean;
}

export async function syncCommand(ctx: Context, options: SyncOptions): Promise<number> {
  const modes = [options.check, options.continue, options.abort].filter(Boolean);
  if (modes.length > 1)
    throw new MlsysError('usage', '--check, --continue and --abort are three different things: choose one');
  if (options.abort) return abort(ctx);
  if (options.continue) return resume(ctx);
  if (options.check) return check(ctx, options);
  const { to, from, twoWay = false } = options;
  return retargetCommand(ctx, () => ({ command: 'sync', to, from, follow: true, twoWay }), {
    ...options,
    setup: false,
  });
}

async function abort(ctx: Context): Promise<number> {
  const interrupted = isInterrupted(await openRepository(ctx, requireProjectRoot(ctx.cwd)));
  return withPendingMerge(ctx, async (repository) => {
    if (interrupted && pendingMerge(repository) === undefined) return 0;
    const { command } = requirePending(repository);
    for (const copy of await abortMerge(repository)) ctx.log.info(`a file that changed meanwhile is kept in ${copy}`);
    ctx.log.info(`\`mlsys ${command}\` is taken back, the project is as it was before`);
    return 0;
  });
}

async function resume(ctx: Context): Promise<number> {
  return withPendingMerge(ctx, async (repository) => {
    const { command, mergeHead } = requirePending(repository);
    const open = await unmergedPaths(repository);
    if (open.length > 0) {
      throw new MlsysError('conflict', 'conflicts are left', {
        details: open,
        hint: 'settle them and `git add` the files',
      });
    }
    await refuseMarkers(repository, mergeHead);
    const { name, email } = await commitIdentity(repository.call);
    const commit = await concludeMerge(repository, {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
    });
    ctx.log.info(`\`mlsys ${command}\` is done: commit ${commit.slice(0, 12)}`);
    return 0;
  });
}

/** Files in which a marker of the merge was left and added all the same. One that a side brought has a right to be there. */
async function refuseMarkers({ call, prefix }: Repository, mergeHead: string): Promise<void> {
  const args = ['grep', '--cached', '-l', '-z', '-E', '^(<<<<<<< yours|>>>>>>> template )'];
  const found = await gitItems(args, { ...call, accept: [1] });
  if (found.length === 0) return;
  const [index, ours, theirs] = await Promise.all([
    gitText(['write-tree'], call).then((tree) => listEntries(call, tree)),
    listEntries(call, 'HEAD'),
    listEntries(call, mergeHead),
  ]);
  const marked = found.filter((path) => {
    const sides = [ours.get(path), theirs.get(path.slice(prefix.length))];
    return !sides.some((side) => side?.blob === index.get(path)?.blob);
  });
  if (marked.length === 0) return;
  throw new MlsysError('conflict', 'conflict markers are left in files', {
    details: marked,
    hint: 'settle them and `git add` the files',
  });
}

/** For CI: whether an update exists, a sync is unfinished, or the lock does not fit its baseline. Changes nothing. */
async function check(ctx: Context, options: SyncOptions): Promise<number> {
  return lookAtProject(ctx, async ({ project, repository }) => {
    const baseline = await oldBaseline(ctx, project, repository, { twoWay: true });
    const { to, from } = options;
    const { goal } = await goalOf(ctx, project, { command: 'sync', to, from, follow: true, twoWay: true });
    const retarget = isCurrent(project.lock, goal, ctx.version)
      ? undefined
      : await planRetarget(ctx, project, repository, goal);
    const update = retarget !== undefined && !isUpToDate(retarget);
    const fits = baseline.lost.length === 0;
    if (options.json) {
      const { version } = project.lock.template;
      ctx.print(
        JSON.stringify(
          { update, version, available: goal.ref.version, lost: baseline.lost, entries: retarget?.plan.entries ?? [] },
          null,
          2,
        ),
      );
    }
    if (!fits)
      ctx.log.warn(
        `${lockPath} does not fit its baseline: ${baseline.lost.length} of its files are nowhere to be found`,
      );
    ctx.log.info(
      update
        ? `an update is there: template ${goal.ref.version}; run \`mlsys sync\``
        : `up to date with template ${goal.ref.version}`,
    );
    return update || !fits ? 1 : 0;
  });
}
