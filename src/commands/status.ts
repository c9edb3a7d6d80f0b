import { pendingMerge } from '../adapters/git/apply.js';
import { unmergedPaths } from '../adapters/git/repository.js';
import { workTreeListing } from '../adapters/git/worktree.js';
import { openProject } from '../adapters/project.js';
import type { Context } from '../context.js';
import { driftOf } from '../core/drift.js';
import { openRecovered } from '../engine/session.js';
import { describeStatus } from '../ui/status.js';

export interface StatusOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** Versions, branches, answers, and how each file stands to the baseline. Looks only; works with no network. */
export async function statusCommand(ctx: Context, { json = false, all = false }: StatusOptions): Promise<number> {
  const { root, repository } = await openRecovered(ctx);
  const { lock } = openProject(root);
  const baseline = new Map(Object.entries(lock.files));
  const drift = driftOf(baseline, await workTreeListing(repository, baseline));
  const pending = pendingMerge(repository);
  const status = {
    project: String(lock.answers.project_name),
    root,
    template: lock.template,
    mlsys: { project: lock.mlsys, installed: ctx.version },
    branches: lock.branches,
    answers: lock.answers,
    unfinished: pending?.command,
    conflicts: pending === undefined ? [] : await unmergedPaths(repository),
    files: drift,
  };
  ctx.print(json ? JSON.stringify(status, null, 2) : describeStatus(status, all));
  return 0;
}
