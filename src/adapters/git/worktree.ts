import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { blobId, type Listing, type TreeEntry } from '../../core/tree.js';
import type { FileMode } from '../../schema/lock.js';
import { statAt } from '../stat.js';
import type { Repository } from './repository.js';
import { type GitCall, gitItems, gitText } from './run.js';

/**
 * What the work tree holds below the project: tracked files as they are now, and untracked ones that are not ignored. Of
 * those only the ones that a baseline has too are read; the others may be of any size, and have no id. Nothing is written.
 */
export async function workTreeListing(
  { call, top, prefix }: Repository,
  baseline: Listing,
): Promise<Map<string, TreeEntry>> {
  const below = ['--', prefix === '' ? '.' : `:(literal)${prefix}`];
  const [indexed, changed, untracked] = await Promise.all([
    gitItems(['ls-files', '--stage', '-z', '--full-name', ...below], call),
    gitItems(['diff-files', '--raw', '--no-renames', '-z', '--ignore-submodules', ...below], call),
    gitItems(['ls-files', '--others', '--exclude-standard', '-z', '--full-name', ...below], call),
  ]);
  const files = new Map<string, TreeEntry>();
  for (const item of indexed) {
    const match = /^(\d{6}) ([0-9a-f]+) \d\t(.*)$/s.exec(item);
    if (match === null || match[1] === '160000') continue;
    files.set(match[3] ?? '', { mode: match[1] as FileMode, blob: match[2] ?? '' });
  }
  const toRead = new Map<string, FileMode>();
  for (let i = 0; i + 1 < changed.length; i += 2) {
    const [path = '', mode] = [changed[i + 1], /^:\d+ (\d+)/.exec(changed[i] ?? '')?.[1]];
    if (files.has(path)) toRead.set(path, mode === '000000' ? (files.get(path)?.mode ?? '100644') : (mode as FileMode));
  }
  for (const path of untracked) {
    // A repository of its own ends in a slash.
    if (path.endsWith('/')) continue;
    if (baseline.has(path.slice(prefix.length))) toRead.set(path, modeAt(join(top, path)));
    else files.set(path, { mode: '100644', blob: '' });
  }
  for (const [path, entry] of await readEntries({ top, call }, toRead)) {
    if (entry === undefined) files.delete(path);
    else files.set(path, entry);
  }
  return new Map([...files].map(([path, entry]) => [path.slice(prefix.length), entry]));
}

function modeAt(path: string): FileMode {
  const stat = statAt(path);
  return stat !== undefined && !stat.isSymbolicLink() && (stat.mode & 0o100) !== 0 ? '100755' : '100644';
}

/** What stands at each path; what is gone has no entry. */
async function readEntries(
  { top, call }: Pick<Repository, 'top' | 'call'>,
  wanted: ReadonlyMap<string, FileMode>,
): Promise<Map<string, TreeEntry | undefined>> {
  const entries = new Map<string, TreeEntry | undefined>();
  const plain: string[] = [];
  for (const path of wanted.keys()) {
    const stat = statAt(join(top, path));
    if (stat?.isSymbolicLink()) {
      entries.set(path, { mode: '120000', blob: blobId(Buffer.from(readlinkSync(join(top, path)))) });
    } else if (stat?.isFile()) plain.push(path);
    else entries.set(path, undefined);
  }
  for (const [path, blob] of await hashFiles(call, plain))
    entries.set(path, { mode: wanted.get(path) ?? '100644', blob });
  return entries;
}

/** The ids that files would get in git, with its filters and line ends; nothing is stored. */
export async function hashFiles(call: GitCall, paths: readonly string[]): Promise<[string, string][]> {
  const listable = paths.filter((path) => !path.includes('\n'));
  const input = listable.map((path) => `${path}\n`).join('');
  const ids = input === '' ? [] : (await gitText(['hash-object', '--stdin-paths'], { ...call, input })).split('\n');
  const hashed = listable.map((path, i): [string, string] => [path, ids[i] ?? '']);
  for (const path of paths.filter((path) => path.includes('\n'))) {
    hashed.push([path, await gitText(['hash-object', '--', path], call)]);
  }
  return hashed;
}
