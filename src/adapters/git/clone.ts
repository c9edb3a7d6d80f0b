import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { simpleGit } from 'simple-git';
import type { Context } from '../../context.js';
import { withoutCredentials } from '../../core/source.js';
import { MlsysError } from '../../errors.js';
import { personalEnvironment } from './run.js';

const allRefs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];

/** What simple-git would refuse to find in the environment. It is the person's own, and no template can set it. */
const ownSettings = {
  allowUnsafeAskPass: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeExec: true,
  allowUnsafeSshCommand: true,
  allowUnsafeTemplateDir: true,
};

/** A person's own configuration holds the way to the server, so it stays. Neither a mirror clone nor a fetch runs hooks. */
function client(ctx: Context, baseDir: string) {
  const kept = personalEnvironment(ctx.env);
  const env = { ...kept, GIT_ALLOW_PROTOCOL: 'https:ssh:file', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  const allowEnvironment = Object.keys(env);
  return simpleGit({ baseDir, timeout: { block: 120_000 }, allowEnvironment, unsafe: ownSettings }).env(env);
}

/** Clones all branches and tags of a template into the cache: beside the target first, then into place. */
export async function cloneMirror(ctx: Context, url: string, target: string): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const staging = `${target}.${process.pid}`;
  const forget = ctx.onInterrupt(() => rmSync(staging, { recursive: true, force: true }));
  try {
    await client(ctx, dirname(target)).clone(url, staging, ['--mirror', '--quiet']);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw unreachable(url, error);
  } finally {
    forget();
  }
  try {
    renameSync(staging, target);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    // Another mlsys was faster.
    if (!existsSync(target)) throw error;
  }
}

/** Brings the cached template up to date. Without a network the cache serves as it is, and that is said. */
export async function fetchMirror(ctx: Context, url: string, mirror: string): Promise<void> {
  try {
    await client(ctx, mirror).raw(['fetch', '--prune', '--quiet', '--end-of-options', url, ...allRefs]);
  } catch {
    ctx.log.warn(`${withoutCredentials(url)} can't be reached, its copy in the cache is used`);
  }
}

function unreachable(url: string, cause: unknown): MlsysError {
  const said = cause instanceof Error ? cause.message : String(cause);
  const reason = /^(?:fatal|error): (.*)$/m.exec(said)?.[1] ?? said.trim().split('\n').at(-1) ?? '';
  return new MlsysError(
    'network',
    `${withoutCredentials(url)} can't be cloned: ${reason.replace(/\w+:\/\/[^\s'"]+/g, withoutCredentials)}`,
    {
      hint: 'check the address and your access to it',
      cause,
    },
  );
}
