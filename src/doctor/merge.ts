import { isMerging } from '../adapters/git/inspect.js';
import { type Check, ok, outside, place } from './check.js';

export const merge: Check = {
  name: 'merge',
  title: 'unfinished merge',
  run: async (facts) => {
    if (facts.root === undefined) return outside;
    if (!(await isMerging(place(facts)))) return ok('none');
    return { status: 'warn', found: 'a merge waits for its commit', fix: 'git commit, or git merge --abort' };
  },
};
