import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { baseManifestFile, branchesFolder, branchManifestFile } from '../core/store.js';
import { MlsysError } from '../errors.js';

/** Whether a folder is a template repository: it has a base of its own, or branches. */
function isTemplateFolder(folder: string): boolean {
  if (existsSync(join(folder, baseManifestFile))) return true;
  const branches = join(folder, branchesFolder);
  if (!statSync(branches, { throwIfNoEntry: false })?.isDirectory()) return false;
  return readdirSync(branches).some((name) => existsSync(join(folder, branchManifestFile(name))));
}

/** The nearest template repository from `start` upward. */
export function findTemplateFolder(start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (isTemplateFolder(folder)) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

export function requireTemplateFolder(start: string, hint: string): string {
  const folder = findTemplateFolder(start);
  if (folder !== undefined) return folder;
  throw new MlsysError(
    'template',
    `${start} is not in a template repository: no folder from there upward has ${baseManifestFile} or ${branchManifestFile('<name>')}`,
    { hint },
  );
}
