import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { TemplateStore } from '../core/store.js';
import type { Tree, TreeFile } from '../core/tree.js';
import { MlsysError } from '../errors.js';

/** What tools leave behind in a folder that is worked in; no template means to ship it. */
const litter = new Set(['__pycache__', '.DS_Store', '.pytest_cache', '.ruff_cache', '.mypy_cache']);

export function folderStore(root: string): TemplateStore {
  return {
    text: (path) => {
      const file = inside(root, path);
      return file === undefined ? undefined : readFileSync(file, 'utf8');
    },
    folders: (path) => {
      const folder = inside(root, path);
      const entries = folder === undefined ? [] : readdirSync(folder, { withFileTypes: true });
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    },
    tree: (path) => {
      const folder = inside(root, path);
      return folder === undefined ? new Map() : new Map(walk(folder, ''));
    },
  };
}

/** Where a path is, if anywhere. One that is a link out of the template would bring in files that are none of it. */
function inside(root: string, path: string): string | undefined {
  try {
    const real = realpathSync(join(root, path));
    if (relative(realpathSync(root), real).split(sep)[0] !== '..') return real;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  throw new MlsysError('template', `${path} leads out of the template`);
}

function* walk(root: string, below: string): Iterable<[string, TreeFile]> {
  for (const entry of readdirSync(join(root, below), { withFileTypes: true })) {
    if (litter.has(entry.name) || entry.name.endsWith('.pyc')) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    const full = join(root, path);
    if (entry.isDirectory()) yield* walk(root, path);
    else if (entry.isSymbolicLink()) {
      yield [path, { bytes: Buffer.from(readlinkSync(full)), mode: '120000' }];
    } else if (entry.isFile()) {
      const executable = (lstatSync(full).mode & 0o100) !== 0;
      yield [path, { bytes: readFileSync(full), mode: executable ? '100755' : '100644' }];
    } else {
      throw new MlsysError('template', `${full} is neither a file nor a folder nor a symbolic link`);
    }
  }
}

/** A store over files in memory, such as those of one commit. */
export function treeStore(files: Tree): TemplateStore {
  const below = (path: string): [string, TreeFile][] =>
    [...files]
      .filter(([name]) => name.startsWith(`${path}/`))
      .map(([name, file]) => [name.slice(path.length + 1), file]);
  return {
    text: (path) => {
      const file = files.get(path);
      return file === undefined ? undefined : Buffer.from(file.bytes).toString('utf8');
    },
    folders: (path) => [
      ...new Set(below(path).flatMap(([name]) => (name.includes('/') ? [name.slice(0, name.indexOf('/'))] : []))),
    ],
    tree: (path) => new Map(below(path)),
  };
}
