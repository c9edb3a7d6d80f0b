import { lockOf } from '../core/project.js';
import type { Lock } from '../schema/lock.js';
import type { Goal } from './retarget.js';

/** Whether the lock says already what a target would make of it: then there is nothing to merge. */
export function isCurrent(lock: Lock, { rendered, ref }: Goal, mlsysVersion: string): boolean {
  const next = lockOf(rendered, ref, mlsysVersion);
  const facts = ({ template, mlsys, branches, answers }: Lock): string =>
    JSON.stringify([template, mlsys, branches, answers]);
  return facts(lock) === facts(next) && JSON.stringify(updatable(lock)) === JSON.stringify(updatable(next));
}

/** The files that an update may touch, in an order of their own. */
const updatable = ({ files }: Lock): unknown[] =>
  Object.entries(files)
    .filter(([, { once }]) => once === undefined)
    .map(([path, { blob, mode }]) => [path, blob, mode])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
