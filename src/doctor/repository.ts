import { headOf } from '../adapters/git/repository.js';
import { MlsysError } from '../errors.js';
import { type Check, faulty, ok, outside, skip } from './check.js';

export const repository: Check = {
  name: 'repository',
  title: 'git repository',
  run: async ({ root, repository: open }) => {
    if (root === undefined) return outside;
    const { value, error } = await open();
    if (value === undefined) {
      if (error instanceof MlsysError && /not installed/.test(error.message)) return skip('there is no git to ask');
      return faulty('warn', error);
    }
    try {
      await headOf(value);
    } catch (error) {
      return faulty('warn', error);
    }
    return ok(value.prefix === '' ? 'its own' : `a folder of ${value.top}`);
  },
};
