import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environmentFolder } from '../adapters/environment.js';
import { capture } from '../adapters/exec.js';
import { uvEnvironment } from '../adapters/uv.js';
import { lastLines } from '../core/uv-output.js';
import { type Check, type Facts, type Finding, ok, outside, place, skip } from './check.js';
import { setUpTrusted } from './set-up.js';

const fix = 'mlsys setup';

export const environment: Check = {
  name: 'environment',
  title: 'environment',
  run: async (facts) => {
    const { ctx, root } = facts;
    if (root === undefined) return outside;
    if (!existsSync(join(root, 'pyproject.toml'))) return skip('there is no pyproject.toml');
    const apply = (): Promise<void> => setUpTrusted(facts, root);
    if (!existsSync(environmentFolder(root, ctx.env))) return { status: 'warn', found: 'not made yet', fix, apply };
    if (!existsSync(join(root, 'uv.lock'))) return { status: 'fail', found: 'uv.lock is missing', fix, apply };
    return compare(facts, root, apply);
  },
};

/** Extra packages are no fault: a person may have added an extra. */
async function compare(facts: Facts, root: string, apply: () => Promise<void>): Promise<Finding> {
  const uv = await facts.uv();
  if (uv === undefined) return skip('there is no uv to ask');
  const args = ['sync', '--check', '--locked', '--inexact', '--offline', '--color', 'never'];
  const env = uvEnvironment(facts.ctx, uv);
  const { exitCode, stderr, timedOut } = await capture(uv.path, args, { ...place(facts), cwd: root, env });
  if (exitCode === 0) return ok('in step with uv.lock');
  if (timedOut) return skip('uv took too long to answer');
  if (/lockfile.*needs to be updated/i.test(stderr)) {
    return { status: 'fail', found: 'uv.lock does not fit pyproject.toml', fix, apply };
  }
  if (/environment is outdated|Would (un)?install/i.test(stderr)) {
    return { status: 'fail', found: 'not in step with uv.lock', fix, apply };
  }
  if (/unexpected argument/.test(stderr)) return skip(`uv ${uv.version} can't tell, a newer one can`);
  return { status: 'warn', found: `could not be compared: ${lastLines(stderr, 1).join('')}`, fix };
}
