import { copyFileSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { foldersAbove } from '../../core/moves.js';
import { blobId, type Listing } from '../../core/tree.js';
import { statAt } from '../stat.js';
import { listEntries } from './read.js';
import type { Repository } from './repository.js';
import { gitText, runGit } from './run.js';

/** What is known of a change that was not made to its end. */
export interface HalfMade {
  readonly head: string;
  readonly tree: string;
  readonly paths: readonly string[];
}

/**
 * Puts every path of a change back as HEAD has it, in the work tree and in the index. What is neither that nor the change's
 * own is copied aside first; gives those copies.
 */
export async function rollBack(repository: Repository, { head, tree, paths }: HalfMade): Promise<string[]> {
  const { call, top } = repository;
  const [before, after] = await Promise.all([listEntries(call, head), listEntries(call, tree)]);
  const rescued = await rescue(repository, paths, { before, after });
  for (const path of paths) if (!before.has(path)) removeFile(top, path);
  const lines = paths.map((path) => {
    const entry = before.get(path);
    return entry === undefined ? `0 ${'0'.repeat(40)}\t${path}\0` : `${entry.mode} ${entry.blob} 0\t${path}\0`;
  });
  await runGit(['update-index', '-z', '--index-info'], { ...call, input: lines.join('') });
  const restored = paths.filter((path) => before.has(path)).map((path) => `${path}\0`);
  if (restored.length > 0)
    await runGit(['checkout-index', '--force', '-q', '-u', '-z', '--stdin'], { ...call, input: restored.join('') });
  return rescued;
}

async function rescue(
  repository: Repository,
  paths: readonly string[],
  { before, after }: { readonly before: Listing; readonly after: Listing },
): Promise<string[]> {
  const { gitDir, top } = repository;
  const rescued: string[] = [];
  for (const path of paths) {
    const known = [before.get(path)?.blob, after.get(path)?.blob];
    const found = contentId(join(top, path));
    if (found === undefined || known.includes(found) || (await isConverted(repository, path, known))) continue;
    const copy = join(gitDir, 'mlsys', 'rescued', String(process.pid), path);
    mkdirSync(dirname(copy), { recursive: true });
    if (statAt(join(top, path))?.isSymbolicLink()) symlinkSync(readlinkSync(join(top, path)), copy);
    else copyFileSync(join(top, path), copy);
    rescued.push(copy);
  }
  return rescued;
}

function contentId(path: string): string | undefined {
  const stat = statAt(path);
  if (stat?.isSymbolicLink()) return blobId(Buffer.from(readlinkSync(path)));
  return stat?.isFile() ? blobId(readFileSync(path)) : undefined;
}

/** Whether a file is one of the known versions once git has taken its filters and line ends off. */
async function isConverted(
  { call, top }: Repository,
  path: string,
  known: readonly (string | undefined)[],
): Promise<boolean> {
  if (!statAt(join(top, path))?.isFile()) return false;
  return known.includes(await gitText(['hash-object', '--path', path, '--', path], call));
}

/** Takes a file away, and the folders that it leaves empty. A folder at its path was there before. */
function removeFile(top: string, path: string): void {
  const full = join(top, path);
  const stat = statAt(full);
  if (stat === undefined || stat.isDirectory()) return;
  rmSync(full);
  for (const folder of foldersAbove(path)) {
    try {
      rmdirSync(join(top, folder));
    } catch {
      // Something else is in it.
      return;
    }
  }
}
