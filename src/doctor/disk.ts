import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { environmentFolder } from '../adapters/environment.js';
import { type Check, skip } from './check.js';

const gigabyte = 1e9;

export const disk: Check = {
  name: 'disk',
  title: 'disk space',
  run: async ({ ctx, root, manifest }) => {
    const folder = root ?? ctx.cwd;
    const space = await statfs(folder).catch(() => undefined);
    if (space === undefined) return skip('the system does not tell');
    const free = (space.bavail * space.bsize) / gigabyte;
    // Once set-up has run, most of what the branches need is on the disk already.
    const isSetUp = root !== undefined && existsSync(environmentFolder(root, ctx.env));
    const needed = isSetUp ? 1 : Math.max(1, manifest.value?.requires.disk_gb ?? 0);
    const found = `${free.toFixed(1)} GB free`;
    if (free >= needed) return { status: 'ok', found };
    const status = root === undefined ? 'warn' : 'fail';
    return { status, found: `${found}, ${needed} GB needed`, fix: `make room on the disk of ${folder}` };
  },
};
