import { cpSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { foldersAbove } from '../../core/moves.js';
import { blobId, type Listing } from '../../core/tree.js';
import { statAt } from '../stat.js';
import { listEntries, readBlobs } from './read.js';
import type { Repository } from './repository.js';
import { runGit } from './run.js';
import { hashFiles } from './worktree.js';

/** What is known of a change that was not made to its end. */
export interface HalfMade {
  readonly head: string;
  readonly tree: string;
  readonly paths: readonly string[];
}

/**
 * Puts every path of a change back as HEAD has it, in the work tree and in the index. What is neither that nor the change's
 * own is put aside first; gives where it is kept.
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
  const { call, gitDir, top } = repository;
  const isKnown = (path: string, blob: string): boolean =>
    [before.get(path)?.blob, after.get(path)?.blob].includes(blob);
  const other = paths.filter((path) => {
    const found = contentId(join(top, path));
    return found !== undefined && !isKnown(path, found);
  });
  const files = other.filter((path) => statAt(join(top, path))?.isFile());
  // One of the known versions, once git has taken its filters and line ends off.
  const converted = new Set((await hashFiles(call, files)).flatMap(([path, id]) => (isKnown(path, id) ? [path] : [])));
  const unknown = other.filter((path) => !converted.has(path));
  const wanted = unknown.flatMap((path) => after.get(path)?.blob ?? []);
  const blobs = await readBlobs(call, wanted);
  const own = unknown.filter((path) => !isHalfWritten(join(top, path), blobs.get(after.get(path)?.blob ?? '')));
  return own.map((path) => moveAside(join(top, path), join(gitDir, 'mlsys', 'rescued', String(process.pid), path)));
}

/** Whether a file holds the beginning of what git was writing, and nothing else. */
function isHalfWritten(path: string, whole: Buffer | undefined): boolean {
  if (whole === undefined || !statAt(path)?.isFile()) return false;
  const plain = (bytes: Buffer): string => bytes.toString('latin1').replaceAll('\r\n', '\n').replace(/\r$/, '');
  return plain(whole).startsWith(plain(readFileSync(path)));
}

/** Moved, not copied: on a full disk there is no room for a copy. */
function moveAside(path: string, aside: string): string {
  mkdirSync(dirname(aside), { recursive: true });
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    cpSync(path, aside, { verbatimSymlinks: true });
    rmSync(path);
  }
  return aside;
}

function contentId(path: string): string | undefined {
  const stat = statAt(path);
  if (stat?.isSymbolicLink()) return blobId(Buffer.from(readlinkSync(path)));
  return stat?.isFile() ? blobId(readFileSync(path)) : undefined;
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
