import type { Context } from '../context.js';
import { parseAssignments } from '../core/answers.js';
import { packageNameOf } from '../core/names.js';
import { MlsysError } from '../errors.js';
import { retargetCommand, type RetargetFlags } from './retarget.js';

/** Changes answers, the names of the project and its package among them. */
export function configureCommand(ctx: Context, assignments: readonly string[], flags: RetargetFlags): Promise<number> {
  const set = parseAssignments(assignments);
  if (set.size === 0) {
    throw new MlsysError('usage', 'nothing to configure', {
      hint: 'mlsys configure <name>=<value>…; `mlsys status` shows the answers',
    });
  }
  return retargetCommand(
    ctx,
    ({ project: { lock } }) => {
      const { project_name: former, package_name: formerPackage } = lock.answers;
      const renamed = set.get('project_name');
      // The package follows the project's name, unless it had one of its own.
      if (renamed !== undefined && !set.has('package_name') && formerPackage === packageNameOf(String(former))) {
        set.set('package_name', packageNameOf(renamed));
      }
      return { command: 'configure', set, twoWay: flags.twoWay ?? false };
    },
    flags,
  );
}
