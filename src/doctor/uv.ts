import { makePrivateUv } from '../adapters/uv.js';
import { type Check, ok } from './check.js';

export const uv: Check = {
  name: 'uv',
  title: 'uv',
  run: async ({ ctx, uv: find }) => {
    const found = await find();
    if (found !== undefined) return ok(`${found.version}, ${found.isPrivate ? 'private to mlsys' : 'on the PATH'}`);
    return {
      status: 'warn',
      found: 'missing or too old',
      fix: 'mlsys setup makes a private one; or install it: https://docs.astral.sh/uv',
      apply: async () => void (await makePrivateUv(ctx)),
    };
  },
};
