import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Context } from '../context.js';
import { explainSystemError, MlsysError } from '../errors.js';

/**
 * A new folder is made in a staging folder and moved to its place when it is whole:
 *
 *     target is not there    staging beside it, one rename
 *     target is empty        staging inside it, its entries renamed one by one; `moving` lists them, so that a run after a
 *                            kill knows which of the entries are its own
 */
const stagingPattern = (name: string): RegExp => new RegExp(`^\\.${name.replace(/[.+]/g, '\\$&')}\\.mlsys-(\\d+)$`);
const insideName = '.mlsys-new';
const movingFile = 'moving.json';

/** Why the folder can't become a project, checked before any work is done. */
export function checkTarget(target: string): void {
  const refuse = (reason: string, hint: string): never => {
    throw new MlsysError('target', `${target} ${reason}`, { hint });
  };
  if (entryAt(target) === undefined) {
    for (let folder = dirname(target); ; folder = dirname(folder)) {
      const above = entryAt(folder);
      if (above?.isDirectory() || above?.isSymbolicLink()) return;
      if (above !== undefined) refuse(`can't be made: ${folder} is a file`, 'choose another path');
      if (dirname(folder) === folder) return;
    }
  }
  if (!existsSync(target) || !readsAsFolder(target))
    refuse('is there already, and is no folder', 'choose another name');
  recoverInside(target);
  const [first] = readdirSync(target);
  if (first !== undefined) {
    refuse(
      `is not empty: it holds ${first}`,
      'choose a new or empty folder; `mlsys adopt` gives a lock to a project that is there',
    );
  }
}

/** What stands at a path, where nothing can stand below a file. */
function entryAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function readsAsFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** Clears what a run that was killed left in an empty folder. */
function recoverInside(target: string): void {
  const staging = join(target, insideName);
  if (!existsSync(staging)) return;
  const moving = join(staging, movingFile);
  if (existsSync(moving)) {
    for (const name of JSON.parse(readFileSync(moving, 'utf8')) as string[]) {
      rmSync(join(target, basename(name)), { recursive: true, force: true });
    }
  }
  rmSync(staging, { recursive: true, force: true });
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/**
 * Removes a folder that a git of a stopped run may still be writing to: that ends soon, and nothing can be made in a folder that
 * is gone.
 */
function removeFolder(folder: string): void {
  for (let tries = 1; ; tries++) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY' || tries === 100) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
    }
  }
}

/** Removes the staging folders beside the target whose process is gone. */
function removeStale(target: string): void {
  const pattern = stagingPattern(basename(target));
  for (const name of readdirSync(dirname(target))) {
    const pid = pattern.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeFolder(join(dirname(target), name));
  }
}

/** Makes the folder `target` by way of `fill`, which gets an empty folder. Whatever goes wrong, nothing is left behind. */
export async function makeFolder(ctx: Context, target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const inside = existsSync(target);
  const firstNew = inside ? target : topmostMissing(target);
  let staging = '';
  const clean = (): void => {
    if (staging !== '') removeFolder(staging);
    if (!inside && firstNew !== target) removeEmptyFolders(dirname(target), dirname(firstNew));
  };
  const forget = ctx.onInterrupt(clean);
  try {
    if (!inside) makeFolders(dirname(target));
    removeStale(target);
    staging = inside ? join(target, insideName) : join(dirname(target), `.${basename(target)}.mlsys-${process.pid}`);
    const folder = inside ? join(staging, 'tree') : staging;
    makeFolders(folder);
    await fill(folder);
    if (inside) moveEntries(folder, target, staging);
    else renameSync(staging, target);
  } catch (error) {
    const full = error instanceof MlsysError && error.code === 'git' && isFull(target);
    clean();
    throw full ? noSpace(target, error) : explainSystemError(error);
  } finally {
    forget();
  }
}

/** Git says of most files only that it could not write them. */
function isFull(target: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(topmostPresent(target));
    return bavail * bsize < 64 * 1024;
  } catch {
    return false;
  }
}

const noSpace = (target: string, cause: unknown): MlsysError =>
  new MlsysError('io', `${target} can't be made: no space left on the device`, {
    hint: 'make room or choose another folder, then run the command again',
    cause,
  });

function moveEntries(from: string, target: string, staging: string): void {
  const names = readdirSync(from);
  writeFileSync(join(staging, movingFile), JSON.stringify(names));
  for (const name of names) renameSync(join(from, name), join(target, name));
  rmSync(staging, { recursive: true, force: true });
}

/** Node's own recursive mkdir never ends below a folder that takes no entries, such as `/proc`. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  mkdirSync(folder);
}

function topmostMissing(target: string): string {
  let missing = resolve(target);
  while (!existsSync(dirname(missing))) missing = dirname(missing);
  return missing;
}

const topmostPresent = (target: string): string => (existsSync(target) ? target : dirname(topmostMissing(target)));

function removeEmptyFolders(from: string, until: string): void {
  for (let folder = from; folder !== until && folder.startsWith(until); folder = dirname(folder)) {
    if (!existsSync(folder)) continue;
    if (readdirSync(folder).length > 0) return;
    rmSync(folder, { recursive: true });
  }
}
