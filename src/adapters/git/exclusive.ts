import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../../context.js';
import { MlsysError } from '../../errors.js';
import type { Repository } from './repository.js';

const patience = 20_000;

/** Runs something that no other mlsys may do in this work tree at the same time. The second one waits for the first. */
export async function exclusively<T>(ctx: Context, { gitDir }: Repository, work: () => Promise<T>): Promise<T> {
  const path = join(gitDir, 'mlsys', 'running.lock');
  mkdirSync(join(gitDir, 'mlsys'), { recursive: true });
  await take(ctx, path);
  const release = (): void => rmSync(path, { force: true });
  const forget = ctx.onInterrupt(release);
  try {
    return await work();
  } finally {
    forget();
    release();
  }
}

async function take(ctx: Context, path: string): Promise<void> {
  const until = Date.now() + patience;
  let said = false;
  while (!tryTake(path)) {
    const pid = holder(path);
    if (pid !== undefined && !isAlive(pid)) {
      rmSync(path, { force: true });
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
}

function tryTake(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
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

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
