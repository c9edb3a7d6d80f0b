import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import semver from 'semver';
import type { Context } from '../context.js';
import { lastLines } from '../core/uv-output.js';
import { MlsysError } from '../errors.js';
import { capture, type Captured, type CaptureOptions, programsOnPath, withFolderOnPath } from './exec.js';
import { findPythons } from './python.js';
import { makeFolder } from './staging.js';

export interface Uv {
  readonly path: string;
  readonly version: string;
  /** Whether it is the one that mlsys made in its cache. */
  readonly isPrivate: boolean;
}

/** The first uv that knows extras that conflict. */
export const oldestUv = '0.5.3';
const oldestPython = '3.8.0';
const asked = 5_000;
const installing = 600_000;

export const privateFolder = (ctx: Context): string => join(ctx.cacheDir, 'uv');
const privateProgram = (ctx: Context, folder: string, name: string): string =>
  ctx.platform === 'win32' ? join(folder, 'Scripts', `${name}.exe`) : join(folder, 'bin', name);

/** uv from the PATH, else the private one. One that is too old counts as missing. */
export async function findUv(ctx: Context, limit = asked): Promise<Uv | undefined> {
  for (const path of new Set(programsOnPath(ctx.env, ctx.platform, 'uv'))) {
    const version = await versionOf(ctx, path, limit);
    if (version !== undefined) return { path, version, isPrivate: false };
  }
  return findPrivateUv(ctx, limit);
}

async function findPrivateUv(ctx: Context, limit: number): Promise<Uv | undefined> {
  const path = privateProgram(ctx, privateFolder(ctx), 'uv');
  const version = existsSync(path) ? await versionOf(ctx, path, limit) : undefined;
  return version === undefined ? undefined : { path, version, isPrivate: true };
}

async function versionOf(ctx: Context, path: string, limit: number): Promise<string | undefined> {
  const { exitCode, stdout } = await capture(path, ['--version'], { cwd: ctx.home, env: ctx.env, limit });
  const version = exitCode === 0 ? /^uv (\d+\.\d+\.\d+)/.exec(stdout)?.[1] : undefined;
  return version === undefined || semver.lt(version, oldestUv) ? undefined : version;
}

/** The uv to use. Where there is none it is made, and `say` hears of it. */
export async function ensureUv(ctx: Context, say: (line: string) => void): Promise<Uv> {
  const found = await findUv(ctx);
  if (found !== undefined) return found;
  say(`uv ${oldestUv} or newer is not on the PATH, a private one is made in ${privateFolder(ctx)}`);
  return makePrivateUv(ctx);
}

const byHand = 'or install uv yourself: https://docs.astral.sh/uv';

/** Makes uv in a virtual environment of its own. Only a whole one is moved to its place. */
export async function makePrivateUv(ctx: Context): Promise<Uv> {
  const folder = privateFolder(ctx);
  // What is there doesn't run, or it would have been found.
  rmSync(folder, { recursive: true, force: true });
  try {
    await makeFolder(ctx, folder, (staging) => fillPrivate(ctx, staging));
  } catch (error) {
    // Another mlsys may have been faster.
    const made = await findPrivateUv(ctx, asked);
    if (made === undefined) throw error;
    return made;
  }
  const made = await findPrivateUv(ctx, asked);
  if (made !== undefined) return made;
  throw new MlsysError('setup', `the uv that was installed in ${folder} does not run`, {
    hint: `try again, ${byHand}`,
  });
}

async function fillPrivate(ctx: Context, folder: string): Promise<void> {
  const { PIP_USER: _user, PIP_TARGET: _target, PIP_PREFIX: _prefix, ...env } = ctx.env;
  const place = { cwd: folder, env, limit: installing, onInterrupt: ctx.onInterrupt };
  await makeVenv(ctx, folder, place);
  const pip = ['-I', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `uv>=${oldestUv}`];
  const installed = await capture(privateProgram(ctx, folder, 'python'), pip, place);
  if (installed.exitCode !== 0) throw couldNot('install uv with pip', installed, `check the network, ${byHand}`);
}

/** Takes the first Python that can: Debian's lacks the part for it unless it is installed. */
async function makeVenv(ctx: Context, folder: string, place: CaptureOptions): Promise<void> {
  let failure: Captured | undefined;
  for await (const { command } of findPythons(ctx, oldestPython, asked)) {
    const [program, ...args] = command;
    const made = await capture(program, [...args, '-I', '-m', 'venv', '--clear', folder], place);
    if (made.exitCode === 0) return;
    failure = made;
  }
  if (failure !== undefined) {
    const hint = `on Debian and Ubuntu: apt install python3-venv, ${byHand}`;
    throw couldNot('make a virtual environment for uv', failure, hint);
  }
  throw new MlsysError('setup', 'uv is missing, and there is no Python 3.8 or newer to make it with', {
    hint: `install Python 3.11 or newer, ${byHand}`,
  });
}

const couldNot = (what: string, { stdout, stderr, timedOut }: Captured, hint: string): MlsysError =>
  new MlsysError('setup', `could not ${what}${timedOut ? ': it took too long' : ''}`, {
    details: lastLines(`${stdout}\n${stderr}`, 8),
    hint,
  });

/**
 * The environment for uv and what it runs: the project's own virtual environment and not the one that happens to be active,
 * and the private uv where children (a Makefile, a hook) look for it.
 */
export function uvEnvironment(ctx: Context, uv: Uv): NodeJS.ProcessEnv {
  const { VIRTUAL_ENV: _active, ...env } = ctx.env;
  return uv.isPrivate ? withFolderOnPath(env, dirname(uv.path)) : env;
}
