import { MlsysError } from '../errors.js';
import { plural } from '../ui/style.js';
import { type Check, ok, outside } from './check.js';

export const manifest: Check = {
  name: 'manifest',
  title: 'project manifest',
  run: ({ root, manifest: { value, error } }) => {
    if (root === undefined) return outside;
    if (value !== undefined)
      return ok(`${plural(value.layers.length, 'layer')}, ${plural(value.tasks.length, 'task')}`);
    const fix = error instanceof MlsysError ? error.hint : undefined;
    return { status: 'fail', found: error?.message ?? '', ...(fix === undefined ? {} : { fix }) };
  },
};
