import type { Tree, TreeEntry, TreeFile } from '../../core/tree.js';
import type { FileMode } from '../../schema/lock.js';
import { type GitCall, gitItems, runGit } from './run.js';

interface Listed {
  readonly path: string;
  readonly mode: FileMode;
  readonly blob: string;
}

/** The files of a commit or tree, below some paths if any are given. Submodules have no content and are left out. */
export async function listTree(call: GitCall, treeish: string, paths: readonly string[] = []): Promise<Listed[]> {
  const lines = await gitItems(
    ['ls-tree', '-r', '-z', '--full-tree', treeish, ...(paths.length > 0 ? ['--', ...paths] : [])],
    call,
  );
  return lines.flatMap((text) => {
    const match = /^(\d{6}) blob ([0-9a-f]+)\t(.*)$/s.exec(text);
    return match === null ? [] : [{ mode: modeOf(match[1] ?? ''), blob: match[2] ?? '', path: match[3] ?? '' }];
  });
}

/** Old repositories hold modes like 100664, which git itself reads as 100644. */
function modeOf(mode: string): FileMode {
  if (mode === '120000' || mode === '100755') return mode;
  return '100644';
}

/** The same by path. A path that is no UTF-8 can't be written back, so it is left out, and thus left alone. */
export async function listEntries(call: GitCall, treeish: string): Promise<Map<string, TreeEntry>> {
  const listed = (await listTree(call, treeish)).filter(({ path }) => !path.includes('\ufffd'));
  return new Map(listed.map(({ path, blob, mode }) => [path, { blob, mode }]));
}

/** The contents of objects, by id. Those that the repository lacks are left out. */
export async function readBlobs(call: GitCall, ids: Iterable<string>): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(ids)];
  const blobs = new Map<string, Buffer>();
  if (wanted.length === 0) return blobs;
  const { stdout } = await runGit(['cat-file', '--batch', '--buffer'], { ...call, input: `${wanted.join('\n')}\n` });
  let at = 0;
  for (const id of wanted) {
    const end = stdout.indexOf(10, at);
    const header = stdout.toString('latin1', at, end).split(' ');
    at = end + 1;
    if (header[1] === 'missing') continue;
    const size = Number(header[2]);
    if (header[1] === 'blob') blobs.set(id, stdout.subarray(at, at + size));
    at += size + 1;
  }
  return blobs;
}

/** The files of a commit, with their contents. */
export async function readTree(call: GitCall, treeish: string, paths: readonly string[] = []): Promise<Tree> {
  const listed = await listTree(call, treeish, paths);
  const blobs = await readBlobs(
    call,
    listed.map((file) => file.blob),
  );
  return new Map(
    listed.map(({ path, mode, blob }): [string, TreeFile] => [
      path,
      { mode, bytes: blobs.get(blob) ?? Buffer.alloc(0) },
    ]),
  );
}
