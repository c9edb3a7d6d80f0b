import { existsSync } from 'node:fs';
import { environmentFolder, missingExtras } from '../adapters/environment.js';
import { type Check, ok, outside, skip } from './check.js';

export const extras: Check = {
  name: 'extras',
  title: 'extras that conflict',
  run: ({ ctx, root, manifest }) => {
    if (root === undefined) return outside;
    const folder = environmentFolder(root, ctx.env);
    const conflicts = manifest.value?.conflicts ?? [];
    if (conflicts.length === 0) return ok('none are declared');
    if (!existsSync(folder)) return skip('the environment is not made yet');
    const both = conflicts.find((set) => set.length - missingExtras(root, folder, set).length > 1);
    if (both === undefined) return ok('none are installed together');
    return {
      status: 'warn',
      found: `${both.join(' and ')} do not go together, and packages of both are there`,
      fix: `keep one: uv sync --extra ${both[0]}`,
    };
  },
};
