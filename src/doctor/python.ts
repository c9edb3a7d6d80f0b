import { environmentFolder, environmentPython } from '../adapters/environment.js';
import { capture } from '../adapters/exec.js';
import { findPythons } from '../adapters/python.js';
import { type Check, type Facts, ok, place } from './check.js';

const oldest = '3.11.0';

export const python: Check = {
  name: 'python',
  title: 'Python',
  run: async (facts) => {
    const { ctx, root } = facts;
    const own = root === undefined ? undefined : environmentPython(environmentFolder(root, ctx.env));
    if (own !== undefined) return ok(`${own}, in the project's environment`);
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

async function knownToUv(facts: Facts): Promise<string | undefined> {
  const uv = await facts.uv();
  if (uv === undefined) return undefined;
  const args = ['python', 'find', '--offline', '--no-python-downloads', '>=3.11'];
  const { exitCode, stdout } = await capture(uv.path, args, place(facts));
  return exitCode === 0 ? stdout.trim() : undefined;
}
