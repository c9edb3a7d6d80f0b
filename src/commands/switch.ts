import type { Context } from '../context.js';
import { baseName, findBranch, type Template } from '../core/layer.js';
import { didYouMean } from '../core/nearest.js';
import { MlsysError } from '../errors.js';
import { parseAssignments } from '../core/answers.js';
import { retargetCommand, type RetargetFlags } from './retarget.js';

export interface BranchFlags extends RetargetFlags {
  readonly set: readonly string[];
}

type Choose = (template: Template, present: readonly string[]) => readonly string[];

const names = (template: Template, wanted: readonly string[]): string[] =>
  wanted.filter((name) => name !== baseName).map((name) => findBranch(template, name).manifest.name);

/** The project then has exactly these branches. `main` alone is none. */
export const switchCommand = (ctx: Context, wanted: readonly string[], flags: BranchFlags): Promise<number> =>
  change(ctx, 'switch', flags, (template) => names(template, wanted));

export const addCommand = (ctx: Context, wanted: readonly string[], flags: BranchFlags): Promise<number> =>
  change(ctx, 'add', flags, (template, present) => [...new Set([...present, ...names(template, wanted)])]);

export const removeCommand = (ctx: Context, wanted: readonly string[], flags: BranchFlags): Promise<number> =>
  change(ctx, 'remove', flags, (template, present) => {
    if (wanted.includes(baseName))
      throw new MlsysError('branch', `${baseName} is the base of every project and can't be removed`);
    const gone = names(template, wanted);
    for (const name of gone) {
      if (present.includes(name)) continue;
      throw new MlsysError('branch', `the project does not have the branch ${name}`, {
        hint: present.length === 0 ? 'it has none besides the base' : didYouMean(name, present, 'it has'),
      });
    }
    refuseNeeded(template, present, gone);
    return present.filter((name) => !gone.includes(name));
  });

/** A branch that another one of the project extends comes back with it, so removing it alone would do nothing. */
function refuseNeeded(template: Template, present: readonly string[], gone: readonly string[]): void {
  for (const name of present) {
    if (gone.includes(name)) continue;
    const needed = template.branches.get(name)?.manifest.extends.find((lower) => gone.includes(lower));
    if (needed === undefined) continue;
    throw new MlsysError('branch', `${name} extends ${needed}, which can't be removed without it`, {
      hint: `mlsys remove ${needed} ${name}`,
    });
  }
}

function change(ctx: Context, command: string, flags: BranchFlags, choose: Choose): Promise<number> {
  const set = parseAssignments(flags.set);
  return retargetCommand(
    ctx,
    () => ({ command, branches: choose, twoWay: flags.twoWay ?? false, ...(set.size > 0 ? { set } : {}) }),
    flags,
  );
}
