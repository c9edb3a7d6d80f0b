import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProjectRoot, readProjectManifest } from '../adapters/project.js';
import { findUv, type Uv } from '../adapters/uv.js';
import type { Context } from '../context.js';
import { parseLock } from '../core/lock.js';
import { lockPath } from '../schema/lock.js';
import type { Facts, Readable } from './check.js';

const limit = 3_000;

export function gatherFacts(ctx: Context, setUp: Facts['setUp']): Facts {
  const root = findProjectRoot(ctx.cwd);
  let uv: Promise<Uv | undefined> | undefined;
  return {
    ctx,
    root,
    setUp,
    limit,
    lock: root === undefined ? {} : attempt(() => parseLock(readFileSync(join(root, lockPath), 'utf8'))),
    manifest: root === undefined ? {} : attempt(() => readProjectManifest(root)),
    uv: () => (uv ??= findUv(ctx, limit)),
  };
}

function attempt<T>(read: () => T): Readable<T> {
  try {
    return { value: read() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
