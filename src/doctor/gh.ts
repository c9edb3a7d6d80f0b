import { programsOnPath } from '../adapters/exec.js';
import { type Check, ok, skip } from './check.js';

export const gh: Check = {
  name: 'gh',
  title: 'GitHub CLI',
  run: ({ ctx }) => {
    const [program] = programsOnPath(ctx.env, ctx.platform, 'gh');
    return program === undefined ? skip('missing; only pull requests from the command line need it') : ok(program);
  },
};
