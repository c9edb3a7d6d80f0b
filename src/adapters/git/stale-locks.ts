import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './exclusive.js';
import type { Repository } from './repository.js';
import { gitText, runGit } from './run.js';

const processPath = ({ gitDir }: Repository): string => join(gitDir, 'mlsys', 'git.pid');

/** Remembers the git that changes the work tree: it goes on when the mlsys that started it is killed. */
export const noteProcess = (repository: Repository, pid: number): void =>
  writeFileSync(processPath(repository), String(pid));

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits for the git of a killed mlsys to end, and takes away the locks of one that was killed too. Nobody else writes here. */
export async function clearStaleLocks(repository: Repository): Promise<void> {
  const { gitDir, call } = repository;
  const pid = existsSync(processPath(repository)) ? Number(readFileSync(processPath(repository), 'utf8')) : 0;
  for (let tries = 0; tries < 400 && pid > 0 && pid !== process.pid && isAlive(pid); tries++) await pause(50);
  rmSync(processPath(repository), { force: true });
  const branch = (await runGit(['symbolic-ref', '--quiet', 'HEAD'], { ...call, accept: [1] })).stdout.toString().trim();
  const commonDir = await gitText(['rev-parse', '--path-format=absolute', '--git-common-dir'], call);
  const locks = [
    join(gitDir, 'index.lock'),
    join(gitDir, 'HEAD.lock'),
    ...(branch === '' ? [] : [join(commonDir, `${branch}.lock`)]),
  ];
  // A git that had only just been started is not known by its number.
  for (let tries = 0; tries < 20 && locks.some((lock) => existsSync(lock)); tries++) await pause(50);
  for (const lock of locks) rmSync(lock, { force: true });
}
