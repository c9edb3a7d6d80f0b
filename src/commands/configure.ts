import type { Context } from '../context.js';
import { parseAssignments } from '../core/answers.js';
import { packageNameOf } from '../core/names.js';
import { MlsysError } from '../errors.js';
import { gitItems } from '../adapters/git/run.js';
import { plural } from '../ui/style.js';
import { retargetCommand, type RetargetFlags } from './retarget.js';

/** Changes answers, the names of the project and its package among them. */
export async function configureCommand(
  ctx: Context,
  assignments: readonly string[],
  flags: RetargetFlags,
): Promise<number> {
  const set = parseAssignments(assignments);
  if (set.size === 0) {
    throw new MlsysError('usage', 'nothing to configure', {
      hint: 'mlsys configure <name>=<value>…; `mlsys status` shows the answers',
    });
  }
  let before: { readonly root: string; readonly former: string } | undefined;
  const code = await retargetCommand(
    ctx,
    ({ project: { root, lock } }) => {
      const { project_name: former, package_name: formerPackage } = lock.answers;
      before = { root, former: String(formerPackage) };
      const renamed = set.get('project_name');
      // The package follows the project's name, unless it had one of its own.
      if (renamed !== undefined && !set.has('package_name') && formerPackage === packageNameOf(String(former))) {
        set.set('package_name', packageNameOf(renamed));
      }
      return { command: 'configure', set, twoWay: flags.twoWay ?? false };
    },
    flags,
  );
  const named = set.get('package_name');
  if (!flags.dryRun && code === 0 && before !== undefined && named !== undefined && named !== before.former) {
    await nameLeftovers(ctx, before.root, before.former);
  }
  return code;
}

/** Lines that a person wrote keep the package's former name; where they are is worth knowing. */
async function nameLeftovers(ctx: Context, root: string, former: string): Promise<void> {
  const call = { cwd: root, env: ctx.env };
  const files = await gitItems(
    ['grep', '-l', '-z', '-w', '-F', '-e', former, '--', '*.py', '*.ipynb', '*.toml', '*.yaml'],
    { ...call, accept: [1] },
  );
  if (files.length === 0) return;
  ctx.log.warn(
    `${plural(files.length, 'file')} of yours still say ${former}: ${files.slice(0, 10).join(', ')}${files.length > 10 ? ', …' : ''}`,
  );
}
