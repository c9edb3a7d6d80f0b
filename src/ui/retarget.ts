import type { MigrationNote } from '../core/migrations.js';
import type { Plan } from '../core/plan.js';
import type { TemplateRef } from '../schema/lock.js';
import { renderPlan } from './plan.js';
import { errorStyle as style, plural } from './style.js';

export interface RetargetFacts {
  readonly command: string;
  readonly plan: Plan;
  readonly notes: readonly MigrationNote[];
  readonly upToDate: boolean;
  readonly ref: TemplateRef;
  readonly dryRun: boolean;
}

export function retargetJson({ command, plan, notes, upToDate, ref, dryRun }: RetargetFacts): string {
  return JSON.stringify(
    {
      command,
      dryRun,
      upToDate,
      template: ref,
      entries: plan.entries,
      conflicts: plan.conflicts.map(({ path }) => path),
      notes,
    },
    null,
    2,
  );
}

export function describeRetarget({ command, plan, notes, upToDate, ref, dryRun }: RetargetFacts): string {
  if (upToDate) return `up to date with template ${ref.version}`;
  const lines = [...renderPlan(plan)];
  for (const { layer, version, note } of notes)
    lines.push('', `${style.yellow(`note for ${version}`)} (${layer}): ${note}`);
  lines.push('', summary(plan.conflicts.length, { ref, dryRun, command }));
  return lines.join('\n');
}

function summary(
  conflicts: number,
  { ref, dryRun, command }: Pick<RetargetFacts, 'ref' | 'dryRun' | 'command'>,
): string {
  const count = plural(conflicts, 'conflict');
  if (dryRun) return `nothing was changed; \`mlsys ${command}\` would do this${conflicts > 0 ? `, with ${count}` : ''}`;
  if (conflicts === 0) return `${style.green('done:')} mlsys ${command}, the project is on template ${ref.version}`;
  return [
    `${style.red(`${count} to settle`)}, then: git add <file>… && mlsys sync --continue`,
    'to take everything back: mlsys sync --abort',
  ].join('\n');
}
