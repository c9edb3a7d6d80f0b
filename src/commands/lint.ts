import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { folderStore } from '../adapters/template-store.js';
import type { Context } from '../context.js';
import { lintTemplate } from '../core/lint/lint.js';
import { MlsysError } from '../errors.js';
import { plural, style } from '../ui/style.js';

export async function branchLint(
  ctx: Context,
  path: string,
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const root = resolve(ctx.cwd, path);
  if (!existsSync(root)) throw new MlsysError('template', `${path} is not there`);
  const faults = lintTemplate(folderStore(root), folderStore(ctx.packageRoot));
  if (json) ctx.print(JSON.stringify(faults, null, 2));
  else {
    for (const { file, line, message } of faults) ctx.print(`${style.bold(`${file}:${line}`)}: ${message}`);
    ctx.log.info(faults.length === 0 ? 'no fault found' : plural(faults.length, 'fault'));
  }
  return faults.length === 0 ? 0 : 1;
}
