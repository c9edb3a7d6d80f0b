import { type Check, ok, outside } from './check.js';
import { MlsysError } from '../errors.js';

export const lock: Check = {
  name: 'lock',
  title: 'lock',
  run: ({ root, lock: { value, error } }) => {
    if (root === undefined) return outside;
    if (value !== undefined) {
      const branches = ['main', ...value.branches.filter((name) => name !== 'main')].join(' + ');
      return ok(`${branches}, template ${value.template.source} ${value.template.version}`);
    }
    const fix = error instanceof MlsysError ? error.hint : undefined;
    return { status: 'fail', found: error?.message ?? '', ...(fix === undefined ? {} : { fix }) };
  },
};
