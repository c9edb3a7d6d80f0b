import semver from 'semver';
import type { Context } from '../context.js';
import { capture, programsOnPath } from './exec.js';

export interface Python {
  readonly command: readonly [string, ...string[]];
  readonly version: string;
}

const question = "import sys; print('%d.%d.%d' % sys.version_info[:3])";

/**
 * The Pythons of this machine that run and are new enough, in the order in which a person would type them. Each is asked only
 * when the one before it will not do: a version manager's stand-in takes a while to answer.
 */
export async function* findPythons(ctx: Context, oldest: string, limit: number): AsyncGenerator<Python> {
  for (const command of candidates(ctx)) {
    const [program, ...args] = command;
    const answer = await capture(program, [...args, '-I', '-c', question], { cwd: ctx.home, env: ctx.env, limit });
    const version = semver.valid(answer.stdout.trim());
    if (answer.exitCode === 0 && version !== null && semver.gte(version, oldest)) yield { command, version };
  }
}

function candidates({ env, platform }: Context): (readonly [string, ...string[]])[] {
  const named = ['python3', 'python'].flatMap((name) => programsOnPath(env, platform, name));
  const direct = [...new Set(named)].map((path): readonly [string] => [path]);
  return platform === 'win32' ? [...direct, ['py', '-3']] : direct;
}
