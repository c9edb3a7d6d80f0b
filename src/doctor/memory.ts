import { totalmem } from 'node:os';
import { type Check, ok } from './check.js';

const gigabyte = 1e9;

/** The machine's memory, or what its container may use of it. */
function memoryLimit(): number {
  // Missing before Node 20.12 on some systems; 0 or a huge number stands for no limit.
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

export const memory: Check = {
  name: 'memory',
  title: 'memory',
  run: ({ manifest }) => {
    const total = memoryLimit() / gigabyte;
    const needed = manifest.value?.requires.memory_gb ?? 0;
    const found = `${total.toFixed(1)} GB`;
    if (total >= needed) return ok(found);
    return { status: 'warn', found: `${found}, ${needed} GB needed`, fix: 'use smaller settings, or a larger machine' };
  },
};
