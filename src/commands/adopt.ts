import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { exclusively } from '../adapters/git/exclusive.js';
import { headAndTree, openRepository, type Repository } from '../adapters/git/repository.js';
import { gitText } from '../adapters/git/run.js';
import { findProjectRoot } from '../adapters/project.js';
import { rememberTrustOf } from '../adapters/trust.js';
import type { Context } from '../context.js';
import { parseAssignments } from '../core/answers.js';
import { parseLock } from '../core/lock.js';
import { applyAdoption, type Adoption, planAdoption } from '../engine/adopt.js';
import { sayRecovered } from '../engine/session.js';
import { MlsysError } from '../errors.js';
import { lockPath, lockSchemaVersion } from '../schema/lock.js';
import { adoptionJson, describeAdoption, nearestWords } from '../ui/adopt.js';

export interface AdoptOptions {
  readonly branch: readonly string[];
  readonly from?: string;
  readonly set: readonly string[];
  readonly name?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly force?: boolean;
  readonly trust?: boolean;
}

/** A project that has less of the template than this was not made from it. */
const leastShare = 0.3;

/** Gives a lock to a project that was made without mlsys, or whose lock is lost. */
export async function adoptCommand(ctx: Context, options: AdoptOptions): Promise<number> {
  const root = findProjectRoot(ctx.cwd) ?? folderOfProject(ctx.cwd);
  const repository = await openRepository(ctx, root);
  return exclusively(ctx, repository, async (afterKill) => {
    await sayRecovered(ctx, repository, afterKill);
    const adopted = { root, repository, ...(await headAndTree(repository)) };
    await refuseLocked(root, repository);
    const given = parseAssignments(options.set);
    const name = options.name ?? given.get('project_name');
    given.delete('project_name');
    const adoption = await planAdoption(ctx, adopted, { from: options.from, branches: options.branch, given, name });
    if (!options.force) refuseStranger(adoption);
    if (!options.dryRun) {
      await applyAdoption(ctx, adopted, adoption);
      if (options.trust) rememberTrustOf(ctx, adoption.lock.template, root);
    }
    const dryRun = options.dryRun ?? false;
    if (options.json) ctx.print(adoptionJson(adoption, dryRun));
    else ctx.log.info(describeAdoption(adoption, dryRun));
    return 0;
  });
}

/** The folder with a `pyproject.toml` that this one lies in, up to the top of the repository; else this one. */
function folderOfProject(start: string): string {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'pyproject.toml'))) return folder;
    if (existsSync(join(folder, '.git')) || dirname(folder) === folder) return start;
  }
}

async function refuseLocked(root: string, { call, prefix }: Repository): Promise<void> {
  const path = join(root, lockPath);
  const isThere = existsSync(path);
  if (isThere && isLock(readFileSync(path, 'utf8'))) {
    throw new MlsysError('lock', `${root} has a lock already`, {
      hint: '`mlsys status` shows what it says; delete it and commit that to make another one',
    });
  }
  const spec = `HEAD:${prefix}${lockPath}`;
  const listed = await gitText(['ls-tree', '--full-tree', 'HEAD', '--', prefix + lockPath], call);
  if (listed === '' || !isLock(await gitText(['cat-file', 'blob', spec], call))) return;
  throw new MlsysError('lock', `the lock was ${isThere ? 'damaged' : 'deleted'}, and that is not committed`, {
    hint: `git checkout HEAD -- ${lockPath} brings it back`,
  });
}

/** Whether a text is a lock. One that only a newer mlsys can read is refused: it is no loss. */
function isLock(text: string): boolean {
  try {
    parseLock(text);
    return true;
  } catch (error) {
    if (!(error instanceof MlsysError) || isNewer(text)) throw error;
    return false;
  }
}

function isNewer(text: string): boolean {
  const schema = /"schema"\s*:\s*(\d+)/.exec(text)?.[1];
  return schema !== undefined && Number(schema) > lockSchemaVersion;
}

function refuseStranger(adoption: Adoption): void {
  const { fit, restored } = adoption;
  if (restored !== undefined || fit.share >= leastShare) return;
  throw new MlsysError('project', 'this folder has too little of the template to be a project of it', {
    details: [nearestWords(adoption)],
    hint: 'name the template with --from and its branches with --branch, or take the nearest with --force',
  });
}
