import { relative } from 'node:path';
import { commitOneFile } from '../adapters/git/commit.js';
import { environmentFolder, environmentPython, markInStep } from '../adapters/environment.js';
import { capture } from '../adapters/exec.js';
import { openProject } from '../adapters/project.js';
import { rememberTrustOf, requireTrust } from '../adapters/trust.js';
import { ensureUv, type Uv, uvEnvironment } from '../adapters/uv.js';
import type { Context } from '../context.js';
import { isPackageLine, lastLines, remedyFor } from '../core/uv-output.js';
import { MlsysError } from '../errors.js';
import { lockPath } from '../schema/lock.js';
import { runSteps, type Step } from '../ui/tasks.js';

export interface SetupOptions {
  readonly quiet?: boolean;
  /** Whether a new or changed uv.lock is committed. */
  readonly commit?: boolean;
}

export async function setupCommand(
  ctx: Context,
  { trust = false }: { readonly trust?: boolean } = {},
): Promise<number> {
  const { root, lock } = openProject(ctx.cwd);
  if (trust) rememberTrustOf(ctx, lock.template, root);
  requireTrust(ctx, lock.template, root);
  await setupProject(ctx, root);
  ctx.log.info('The environment is ready. `mlsys run` lists the tasks.');
  return 0;
}

/**
 *     uv, found or made → uv sync → uv.lock in a commit of its own
 */
export async function setupProject(ctx: Context, root: string, options: SetupOptions = {}): Promise<void> {
  const { quiet = false, commit = true } = options;
  let uv: Promise<Uv> | undefined;
  const steps: Step[] = [
    {
      title: 'Find uv',
      run: async (say) => {
        uv = ensureUv(ctx, say);
        const { version, isPrivate } = await uv;
        return `${version}, ${isPrivate ? 'private to mlsys' : 'on the PATH'}`;
      },
    },
    {
      title: 'Install the Python packages',
      run: async (say) => sync(ctx, root, await (uv ?? ensureUv(ctx, say)), say),
    },
    ...(commit ? [{ title: 'Commit uv.lock', run: () => commitLock(ctx, root) }] : []),
  ];
  try {
    await runSteps(ctx, steps, { quiet });
  } catch (error) {
    throw stopped(ctx, root, error);
  }
}

/**
 * Bytecode is compiled here, once: importing the training libraries without it takes three times as long. Who sets
 * UV_COMPILE_BYTECODE decides: where an environment is soon thrown away, most of what is compiled is never imported.
 */
async function sync(ctx: Context, root: string, uv: Uv, say: (line: string) => void): Promise<string> {
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    if (!isPackageLine(line)) say(line.trim());
  };
  const compile = ctx.env.UV_COMPILE_BYTECODE === undefined ? ['--compile-bytecode'] : [];
  const args = ['sync', ...compile, '--color', 'never'];
  const { exitCode } = await capture(uv.path, args, {
    cwd: root,
    env: uvEnvironment(ctx, uv),
    onLine,
    onInterrupt: ctx.onInterrupt,
  });
  if (exitCode !== 0) {
    const output = lines.join('\n');
    throw new MlsysError('setup', `\`uv sync\` failed (exit code ${exitCode})`, {
      details: lastLines(output, 12),
      hint: remedyFor(output),
    });
  }
  const folder = environmentFolder(root, ctx.env);
  markInStep(root, folder);
  return `Python ${environmentPython(folder) ?? '(unknown version)'} in ${relative(root, folder)}`;
}

/** A lock that can't be committed is no reason to fail: the environment is there. */
async function commitLock(ctx: Context, root: string): Promise<string> {
  const request = { path: 'uv.lock', message: 'Lock the Python dependencies', beside: lockPath };
  try {
    const reason = await commitOneFile({ cwd: root, env: ctx.env }, request);
    if (reason === undefined) return 'done';
    return reason === 'unchanged' ? reason : `left to you, ${reason}`;
  } catch (error) {
    if (!(error instanceof MlsysError)) throw error;
    return `left to you, ${error.message}`;
  }
}

/** Whatever set-up failed of, the project is there and a person can go on. */
function stopped(ctx: Context, root: string, error: unknown): unknown {
  if (!(error instanceof MlsysError)) return error;
  const folder = relative(ctx.cwd, root);
  const quoted = /^[\w./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
  const goOn = `${folder === '' ? '' : `cd ${quoted} && `}mlsys setup`;
  return new MlsysError('setup', `set-up stopped: ${error.message}`, {
    details: error.details,
    cause: error,
    hint: `${error.hint === undefined ? '' : `${error.hint}. `}The project is kept; to go on: ${goOn}`,
  });
}
