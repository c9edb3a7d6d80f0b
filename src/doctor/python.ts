import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { environmentFolder, environmentPython } from '../adapters/environment.js';
import { capture } from '../adapters/exec.js';
import { findPythons } from '../adapters/python.js';
import { type Check, type Facts, type Finding, ok, place } from './check.js';
import { fitsPython } from './requires-python.js';
import { setUpTrusted } from './set-up.js';

const oldest = '3.11.0';

export const python: Check = {
  name: 'python',
  title: 'Python',
  run: async (facts) => {
    const { ctx, root } = facts;
    const own = root === undefined ? undefined : environmentPython(environmentFolder(root, ctx.env));
    if (root !== undefined && own !== undefined) return judgeOwn(facts, root, own);
    for await (const { version, command } of findPythons(ctx, oldest, facts.limit)) {
      return ok(`${version}, ${command.join(' ')}`);
    }
    const managed = await knownToUv(facts);
    if (managed !== undefined) return ok(managed);
    return {
      status: 'warn',
      found: 'none that is 3.11 or newer; uv fetches one at set-up where it can',
      fix: 'uv python install 3.12, or install one: https://www.python.org/downloads',
    };
  },
};

function judgeOwn(facts: Facts, root: string, version: string): Finding {
  const apply = (): Promise<void> => setUpTrusted(facts, root);
  const folder = environmentFolder(root, facts.ctx.env);
  if (isDangling(join(folder, 'bin', 'python'))) {
    const found = `${version} made the project's environment, and is gone from this machine`;
    return { status: 'fail', found, fix: 'mlsys setup', apply };
  }
  const wanted = requiresPython(root);
  if (wanted !== undefined && fitsPython(version, wanted) === false) {
    const found = `${version} in the project's environment, and the project requires ${wanted}`;
    return { status: 'fail', found, fix: 'mlsys setup', apply };
  }
  return ok(`${version}, in the project's environment`);
}

const isDangling = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true && !existsSync(path);

const pyproject = z.object({ project: z.object({ 'requires-python': z.string().optional() }) });

function requiresPython(root: string): string | undefined {
  const path = join(root, 'pyproject.toml');
  return existsSync(path) ? pyproject.parse(parse(readFileSync(path, 'utf8'))).project['requires-python'] : undefined;
}

async function knownToUv(facts: Facts): Promise<string | undefined> {
  const uv = await facts.uv();
  if (uv === undefined) return undefined;
  const args = ['python', 'find', '--offline', '--no-python-downloads', '>=3.11'];
  const { exitCode, stdout } = await capture(uv.path, args, place(facts));
  return exitCode === 0 ? stdout.trim() : undefined;
}
