import { parseLock } from '../core/lock.js';
import { lockPath } from '../schema/lock.js';
import { type Check, faulty, type Finding, ok, outside } from './check.js';
import { restoreFromHead } from './restore.js';

export const lock: Check = {
  name: 'lock',
  title: 'lock',
  run: async (facts): Promise<Finding> => {
    const { value, error } = facts.lock;
    if (facts.root === undefined) return outside;
    if (value !== undefined) {
      const branches = ['main', ...value.branches.filter((name) => name !== 'main')].join(' + ');
      return ok(`${branches}, template ${value.template.source} ${value.template.version}`);
    }
    const apply = await restoreFromHead(facts, { path: lockPath, parse: parseLock });
    return { ...faulty('fail', error), ...(apply && { apply }) };
  },
};
