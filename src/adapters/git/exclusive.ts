import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../context.js';
import { MlsysError } from '../../errors.js';
import type { Repository } from './repository.js';

const patience = 20_000;
/** How long a lock may be without the number of its process: one that is killed between the two leaves it so. */
const grace = 2_000;

/**
 * Runs something that no other mlsys may do in this work tree at the same time. The second one waits for the first. The
 * work is told whether one before it was killed.
 */
export async function exclusively<T>(
  ctx: Context,
  { gitDir }: Repository,
  work: (afterKill: boolean) => Promise<T>,
): Promise<T> {
  const path = join(gitDir, 'mlsys', 'running.lock');
  mkdirSync(join(gitDir, 'mlsys'), { recursive: true });
  const afterKill = await take(ctx, path);
  const release = (): void => rmSync(path, { force: true });
  const forget = ctx.onInterrupt(release);
  try {
    return await work(afterKill);
  } finally {
    forget();
    release();
  }
}

async function take(ctx: Context, path: string): Promise<boolean> {
  const until = Date.now() + patience;
  let [said, afterKill] = [false, false];
  while (!tryTake(path)) {
    const pid = holder(path);
    if (isStale(path, pid)) {
      afterKill = removeStale(path, pid) || afterKill;
      continue;
    }
    if (Date.now() > until) {
      throw new MlsysError('project', `another mlsys (process ${pid ?? 'unknown'}) is working on this project`, {
        hint: `wait for it to end; if it does not run any more, delete ${path}`,
      });
    }
    if (!said) ctx.log.info(`waiting for another mlsys (process ${pid ?? 'unknown'}) to end`);
    said = true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return afterKill;
}

function tryTake(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(file, String(process.pid));
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function holder(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return text === '' ? undefined : Number(text);
  } catch {
    return undefined;
  }
}

/** Its own number in a lock that it has yet to take is that of a process before it: in a container they repeat. */
function isStale(path: string, pid: number | undefined): boolean {
  if (pid !== undefined) return pid === process.pid || !isAlive(pid);
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.size === 0 && Date.now() - stat.mtimeMs > grace;
}

/** Takes the lock away, unless another one who found it stale has done so and holds it now. */
function removeStale(path: string, pid: number | undefined): boolean {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return false;
  }
  if (holder(aside) !== pid) {
    renameSync(aside, path);
    return false;
  }
  rmSync(aside, { force: true });
  return true;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
