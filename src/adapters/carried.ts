import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Context } from '../context.js';
import { carriedFolder, carriedPackage, carriedTree } from '../core/publish.js';
import type { TemplateStore } from '../core/store.js';
import type { Tree, TreeFile } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import type { Repository } from './git/repository.js';
import { folderStore } from './template-store.js';

const bundle = 'dist/mlsys.js';
const program = ['bin', 'dist', 'package.json'] as const;

const ruffSettings = '# What is in this folder is no code of the project.\nexclude = ["*"]\n';

/** The copy of this mlsys that goes into a published branch, with the template that is published. */
export function readCarried({ packageRoot }: Context, template: TemplateStore): Map<string, TreeFile> {
  if (!existsSync(join(packageRoot, bundle))) {
    throw new MlsysError('io', `this mlsys has no build: ${join(packageRoot, bundle)} is missing`, {
      hint: 'npm run build',
    });
  }
  const own = folderStore(packageRoot);
  const plain = (text: string): TreeFile => ({ bytes: Buffer.from(text), mode: '100644' });
  const license = own.text('LICENSE');
  const below = (folder: string): [string, TreeFile][] =>
    [...own.tree(folder)].map(([path, file]) => [`${folder}/${path}`, file]);
  const files: Tree = new Map([
    ...below('bin'),
    ...below('dist').filter(([path]) => !path.endsWith('.map')),
    ['package.json', plain(carriedPackage(own.text('package.json') ?? '{}'))],
    ['ruff.toml', plain(ruffSettings)],
    ...(license === undefined ? [] : [['LICENSE', plain(license)] as const]),
  ]);
  return carriedTree({
    program: files,
    ownTemplates: own.tree('templates'),
    templates: template.tree('templates'),
    branches: template.tree('branches'),
  });
}

/** The version of the mlsys that a clone carries; without one the folder is no clone of a published branch. */
export function carriedVersion(root: string): string | undefined {
  const path = join(root, carriedFolder, 'package.json');
  if (!existsSync(path)) return undefined;
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

const keptFolder = ({ gitDir }: Repository): string => join(gitDir, 'mlsys', 'cli');

/** Keeps a copy that runs while the carried one is taken away: the launcher finds it as long as the journal is there. */
export function keepCarried({ packageRoot }: Context, root: string, repository: Repository): void {
  const kept = keptFolder(repository);
  if (packageRoot.replace(/[\\/]$/, '') === kept) return;
  const staging = `${kept}.new`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(dirname(staging), { recursive: true });
  for (const name of program) cpSync(join(root, carriedFolder, name), join(staging, name), { recursive: true });
  rmSync(kept, { recursive: true, force: true });
  renameSync(staging, kept);
}

export function dropKept(repository: Repository): void {
  for (const folder of [keptFolder(repository), `${keptFolder(repository)}.new`]) {
    rmSync(folder, { recursive: true, force: true });
  }
}
