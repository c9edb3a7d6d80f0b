import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInterrupted, pendingMerge, recover } from '../adapters/git/apply.js';
import { exclusively } from '../adapters/git/exclusive.js';
import { openRepository, type Repository, scratchRepository, unmergedPaths } from '../adapters/git/repository.js';
import { clearStaleLocks } from '../adapters/git/stale-locks.js';
import { openProject, type Project, requireProjectRoot } from '../adapters/project.js';
import type { Context } from '../context.js';
import { MlsysError } from '../errors.js';

export interface Session {
  readonly project: Project;
  readonly repository: Repository;
}

/**
 * Opens the project to change it: alone, and after whatever a killed command left has been brought to before or after it.
 */
export async function withProject<T>(ctx: Context, work: (session: Session) => Promise<T>): Promise<T> {
  const root = requireProjectRoot(ctx.cwd);
  const repository = await openRepository(ctx, root);
  return exclusively(ctx, repository, async (afterKill) => {
    await sayRecovered(ctx, repository, afterKill);
    await refusePending(repository);
    return work({ project: openProject(root), repository });
  });
}

/** Opens the project to look at it: whatever git would store goes to a folder that is thrown away. */
export async function lookAtProject<T>(ctx: Context, work: (session: Session) => Promise<T>): Promise<T> {
  const { root, repository } = await openRecovered(ctx);
  await refusePending(repository);
  const folder = mkdtempSync(join(tmpdir(), 'mlsys-'));
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = ctx.onInterrupt(clean);
  try {
    return await work({ project: openProject(root), repository: await scratchRepository(repository, folder) });
  } finally {
    forget();
    clean();
  }
}

/** Opens the project as it is. Only where a killed command left it between before and after, it is brought to one of them. */
export async function openRecovered(ctx: Context): Promise<{ readonly root: string; readonly repository: Repository }> {
  const root = requireProjectRoot(ctx.cwd);
  const repository = await openRepository(ctx, root);
  if (isInterrupted(repository)) {
    await exclusively(ctx, repository, (afterKill) => sayRecovered(ctx, repository, afterKill));
  }
  return { root, repository };
}

/** Opens the repository to end a merge; the project's own files may hold conflicts. */
export async function withPendingMerge<T>(ctx: Context, work: (repository: Repository) => Promise<T>): Promise<T> {
  const repository = await openRepository(ctx, requireProjectRoot(ctx.cwd));
  return exclusively(ctx, repository, async (afterKill) => {
    await sayRecovered(ctx, repository, afterKill);
    return work(repository);
  });
}

/** Finishes or takes back what a killed command left, and says so. */
export async function sayRecovered(ctx: Context, repository: Repository, afterKill: boolean): Promise<void> {
  if (afterKill && !isInterrupted(repository)) {
    await clearStaleLocks(repository);
    ctx.log.warn('a command of mlsys was stopped here before it changed anything');
  }
  const { what, command, rescued } = await recover(repository);
  if (what === 'nothing') return;
  const end = what === 'finished' ? 'it had done all its work' : 'the project is as it was before';
  ctx.log.warn(`\`mlsys ${command}\` was interrupted here: ${end}`);
  for (const copy of rescued) ctx.log.warn(`a file had changes of its own since, they are kept in ${copy}`);
}

async function refusePending(repository: Repository): Promise<void> {
  const pending = pendingMerge(repository);
  if (pending === undefined) return;
  const unmerged = await unmergedPaths(repository);
  throw new MlsysError('conflict', `\`mlsys ${pending.command}\` is unfinished`, {
    details: unmerged.map((path) => `conflict: ${path}`),
    hint:
      unmerged.length > 0
        ? 'settle them and `git add` the files, then `mlsys sync --continue`; or `mlsys sync --abort`'
        : 'mlsys sync --continue, or mlsys sync --abort',
  });
}
