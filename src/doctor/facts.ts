import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { openRepository, type Repository } from '../adapters/git/repository.js';
import { findProjectRoot, readProjectManifest } from '../adapters/project.js';
import { findUv, type Uv } from '../adapters/uv.js';
import type { Context } from '../context.js';
import { parseLock, restoreLock } from '../core/lock.js';
import { MlsysError } from '../errors.js';
import { type Lock, lockPath } from '../schema/lock.js';
import { projectManifestPath } from '../schema/project.js';
import type { Facts, Readable } from './check.js';

/** Milliseconds until a program that is asked counts as missing; on a machine that is busy, git itself takes seconds. */
const limit = 10_000;

export function gatherFacts(ctx: Context, setUp: Facts['setUp']): Facts {
  const root = findProjectRoot(ctx.cwd) ?? findWithoutLock(ctx.cwd);
  let uv: Promise<Uv | undefined> | undefined;
  let repository: Promise<Readable<Repository>> | undefined;
  return {
    ctx,
    root,
    setUp,
    limit,
    lock: root === undefined ? {} : attempt(() => readLockOf(root)),
    manifest: root === undefined ? {} : attempt(() => readProjectManifest(root)),
    uv: () => (uv ??= findUv(ctx, limit)),
    repository: () =>
      (repository ??= root === undefined ? Promise.resolve({}) : attemptAsync(openRepository(ctx, root))),
  };
}

/** A folder of which mlsys' own manifest says that it is a project, though the lock is gone. */
function findWithoutLock(start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, projectManifestPath))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function readLockOf(root: string): Lock {
  const path = join(root, lockPath);
  if (existsSync(path)) return parseLock(readFileSync(path, 'utf8'));
  throw new MlsysError('lock', `${lockPath} is missing`, { hint: restoreLock });
}

function attempt<T>(read: () => T): Readable<T> {
  try {
    return { value: read() };
  } catch (error) {
    return { error: asError(error) };
  }
}

const attemptAsync = <T>(read: Promise<T>): Promise<Readable<T>> =>
  read.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: asError(error) }),
  );

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
