import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findAccelerator } from '../adapters/accelerator.js';
import { environmentFolder, isInStep, missingExtras } from '../adapters/environment.js';
import { attach } from '../adapters/exec.js';
import { readProjectManifest, requireProjectRoot } from '../adapters/project.js';
import { rememberTrustOf, requireTrust } from '../adapters/trust.js';
import { ensureUv, uvEnvironment } from '../adapters/uv.js';
import type { Context } from '../context.js';
import { parseLock } from '../core/lock.js';
import { bringsExtras, planTask, shownTasks, type TaskPlan } from '../core/task-plan.js';
import { MlsysError } from '../errors.js';
import { lockPath } from '../schema/lock.js';
import { describeLine, describeStop, renderTasks } from '../ui/run.js';
import { setupProject } from './setup.js';

export interface RunOptions {
  readonly json?: boolean;
  readonly all?: boolean;
  readonly trust?: boolean;
}

export async function runCommand(
  ctx: Context,
  name: string | undefined,
  args: readonly string[],
  { json = false, all = false, trust = false }: RunOptions = {},
): Promise<number> {
  const root = requireProjectRoot(ctx.cwd);
  if (trust) rememberTrustOf(ctx, readLock(root).template, root);
  if (name !== undefined) return runTask(ctx, root, name, args);
  const { tasks, layers } = readProjectManifest(root);
  const shown = all ? tasks : shownTasks(tasks);
  ctx.print(json ? JSON.stringify(shown, null, 2) : renderTasks(shown, layers));
  return 0;
}

const readLock = (root: string) => parseLock(readFileSync(join(root, lockPath), 'utf8'));

/** Runs a task of the project and gives its exit code. */
export async function runTask(ctx: Context, root: string, name: string, args: readonly string[]): Promise<number> {
  const plan = planTask(readProjectManifest(root).tasks, name, args);
  requireTrust(ctx, readLock(root).template, root);
  const folder = environmentFolder(root, ctx.env);
  if (!existsSync(folder)) {
    ctx.log.info('The Python environment is not there yet, it is made first');
    await setupProject(ctx, root, { commit: false });
  }
  await checkNeeds(ctx, root, folder, name, plan);
  return runLines(ctx, root, folder, plan);
}

async function checkNeeds(ctx: Context, root: string, folder: string, name: string, plan: TaskPlan): Promise<void> {
  const missing = missingExtras(root, folder, plan.extras);
  if (missing.length > 0) {
    const flags = missing.map((extra) => `--extra ${extra}`).join(' ');
    throw new MlsysError('task', `${name} needs the extra ${missing.join(' and ')}, which the environment lacks`, {
      hint: `uv sync --inexact ${flags}`,
    });
  }
  if (plan.needsGpu && (await findAccelerator(ctx)).kind === 'none') {
    ctx.log.warn(`${name} needs a GPU, and none was found`);
  }
}

/**
 * Plain `uv run` brings the environment into step before it runs the command. Where set-up made the environment from just these
 * pyproject.toml and uv.lock there is nothing to bring, and --no-sync keeps what a person added since (an extra that replaces a
 * package, an editable checkout), works with no network and starts at once. The lines after the first find it in step, but for
 * extras of their own, which may replace packages of each other.
 */
async function runLines(ctx: Context, root: string, folder: string, plan: TaskPlan): Promise<number> {
  const { lines } = plan;
  const uv = await ensureUv(ctx, ctx.log.info);
  const env = uvEnvironment(ctx, uv);
  let inStep = isInStep(root, folder);
  for (const [i, line] of lines.entries()) {
    if (lines.length > 1) ctx.log.info(describeLine(line));
    const options = inStep && !bringsExtras(line, plan) ? ['--no-sync'] : line.options;
    const { exitCode, interrupted } = await attach(uv.path, ['run', ...options, '--', ...line.argv], {
      cwd: root,
      env,
    });
    inStep = true;
    const left = lines.length - i - 1;
    if (exitCode === 0 && (interrupted === undefined || left === 0)) continue;
    const code = exitCode === 0 ? (interrupted ?? 1) : exitCode;
    if (lines.length > 1) ctx.log.info(describeStop(line, code, left));
    return code;
  }
  return 0;
}
