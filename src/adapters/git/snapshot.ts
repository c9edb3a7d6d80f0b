import { copyFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from './repository.js';
import { gitItems, gitText, runGit } from './run.js';

/**
 * The tree of a project as its folder is now: tracked files with their changes, and new ones that git does not ignore. The
 * index of the repository is not touched; objects go where the repository's calls put them.
 */
export async function snapshotTree({ call, gitDir, prefix }: Repository, folder: string): Promise<string> {
  const index = join(folder, 'index');
  const present = join(gitDir, 'index');
  const stat = statSync(present, { throwIfNoEntry: false });
  if (stat !== undefined) {
    copyFileSync(present, index);
    // Git looks twice at files that are as young as the index.
    utimesSync(index, stat.atime, stat.mtime);
  }
  const own = { ...call, index };
  const below = ['--', prefix === '' ? '.' : `:(literal)${prefix}`];
  const add = ['-c', 'core.safecrlf=false', 'add'];
  await runGit([...add, '--update', ...below], own);
  const found = await gitItems(['ls-files', '--others', '--exclude-standard', '-z', '--full-name', ...below], own);
  // A repository of its own ends in a slash; a name that is no UTF-8 can't be handed on.
  const files = found.filter((path) => !path.endsWith('/') && !path.includes('\ufffd'));
  if (files.length > 0) {
    const input = files.map((path) => `${path}\0`).join('');
    const args = ['--literal-pathspecs', ...add, '--pathspec-from-file=-', '--pathspec-file-nul'];
    await runGit(args, { ...own, input });
  }
  const whole = await gitText(['write-tree'], own);
  return gitText(['rev-parse', `${whole}:${prefix}`], call);
}
