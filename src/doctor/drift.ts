import { workTreeListing } from '../adapters/git/worktree.js';
import { driftOf, type DriftState } from '../core/drift.js';
import { type Check, noRepository, ok, outside, skip } from './check.js';

/** That a project differs from its template is what it is for: a count, never a fault. */
export const drift: Check = {
  name: 'drift',
  title: 'own changes',
  run: async ({ root, lock, repository: open }) => {
    if (root === undefined) return outside;
    if (lock.value === undefined) return skip('the lock can’t be read');
    const { value: repository } = await open();
    if (repository === undefined) return noRepository;
    const baseline = new Map(Object.entries(lock.value.files));
    const files = driftOf(baseline, await workTreeListing(repository, baseline));
    const count = (state: DriftState): number => files.filter((file) => file.state === state).length;
    const [edited, deleted, added] = [count('edited'), count('deleted'), count('added')];
    if (edited + deleted + added === 0) return ok('none, all files are as the template has them');
    return ok(`${edited} edited, ${deleted} deleted, ${added} added; mlsys status lists them`);
  },
};
