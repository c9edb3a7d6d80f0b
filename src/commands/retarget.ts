import { openProject } from '../adapters/project.js';
import { rememberTrust, requireTrust } from '../adapters/trust.js';
import type { Context } from '../context.js';
import { isCurrent } from '../engine/current.js';
import { leftBehind } from '../engine/left-behind.js';
import { goalOf, type GoalWithNotes, type TargetChange } from '../engine/goal.js';
import { applyRetarget, isUpToDate, planRetarget } from '../engine/retarget.js';
import { lookAtProject, type Session, withProject } from '../engine/session.js';
import { builtinSource } from '../core/source.js';
import { describeRetarget, type RetargetFacts, retargetJson } from '../ui/retarget.js';
import { setupProject } from './setup.js';

export interface RetargetFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly commit?: boolean;
  /** Set up the Python environment when the packages may have changed. */
  readonly setup?: boolean;
  readonly trust?: boolean;
  readonly twoWay?: boolean;
}

/** What all commands that move a project to another target have in common: sync, switch, add, remove, configure. */
export async function retargetCommand(
  ctx: Context,
  change: (session: Session) => TargetChange | Promise<TargetChange>,
  flags: RetargetFlags,
): Promise<number> {
  const open = flags.dryRun ? lookAtProject : withProject;
  return open(ctx, async (session) => {
    const found = await goalOf(ctx, session.project, await change(session));
    if (isCurrent(session.project.lock, found.goal, ctx.version)) {
      report(ctx, found, { plan: { entries: [], conflicts: [] }, upToDate: true }, flags);
      if (!flags.dryRun) await followUp(ctx, session, found, { ...flags, changed: false });
      return 0;
    }
    const retarget = await planRetarget(ctx, session.project, session.repository, found.goal);
    const upToDate = isUpToDate(retarget);
    if (!flags.dryRun && !upToDate) {
      await applyRetarget(ctx, session.repository, retarget, { commit: flags.commit ?? true });
    }
    report(ctx, found, { plan: retarget.plan, upToDate }, flags);
    if (flags.dryRun) return 0;
    for (const folder of leftBehind(session.project.root, retarget.plan, retarget.merged.listing)) {
      ctx.log.warn(`${folder} still holds files that git does not track`);
    }
    if (retarget.plan.conflicts.length > 0) return 1;
    await followUp(ctx, session, found, { ...flags, changed: !upToDate });
    return 0;
  });
}

function report(
  ctx: Context,
  { goal, notes }: GoalWithNotes,
  outcome: Pick<RetargetFacts, 'plan' | 'upToDate'>,
  flags: RetargetFlags,
): void {
  const facts = { command: goal.command, ...outcome, notes, ref: goal.ref, dryRun: flags.dryRun ?? false };
  if (flags.json) ctx.print(retargetJson(facts));
  else ctx.log.info(describeRetarget(facts));
}

async function followUp(
  ctx: Context,
  { project }: Session,
  { goal, origin }: GoalWithNotes,
  { setup, trust, changed, commit }: RetargetFlags & { readonly changed: boolean },
): Promise<void> {
  if (trust) rememberTrust(ctx, goal.ref, origin);
  if (!changed || !setup || commit === false) return;
  if (goal.ref.source !== builtinSource) requireTrust(ctx, openProject(project.root).lock.template, project.root);
  await setupProject(ctx, project.root);
}
