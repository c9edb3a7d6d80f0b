import { configuredIdentity } from '../adapters/git/inspect.js';
import { type Check, ok, place } from './check.js';

export const gitIdentity: Check = {
  name: 'git-identity',
  title: 'git identity',
  run: async (facts) => {
    const identity = await configuredIdentity(place(facts));
    if (identity !== undefined) return ok(identity);
    const fix = 'git config --global user.name "Your Name" && git config --global user.email you@example.com';
    return { status: 'warn', found: 'not configured', fix };
  },
};
