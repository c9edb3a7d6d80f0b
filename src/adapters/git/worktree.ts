import type { TreeEntry } from '../../core/tree.js';
import type { FileMode } from '../../schema/lock.js';
import type { Repository } from './repository.js';
import { gitItems, gitText, runGit } from './run.js';

/** What the work tree holds below the project: tracked files as they are now, and untracked ones that are not ignored. */
export async function workTreeListing({ call, prefix }: Repository): Promise<Map<string, TreeEntry>> {
  const below = ['--', prefix === '' ? '.' : prefix];
  await runGit(['update-index', '-q', '--refresh'], { ...call, accept: [1] });
  const [indexed, changed, untracked] = await Promise.all([
    gitItems(['ls-files', '--stage', '-z', '--full-name', ...below], call),
    gitItems(['diff-files', '--name-status', '--no-renames', '-z', '--ignore-submodules', ...below], call),
    gitItems(['ls-files', '--others', '--exclude-standard', '-z', '--full-name', ...below], call),
  ]);
  const files = new Map<string, TreeEntry>();
  for (const item of indexed) {
    const match = /^(\d{6}) ([0-9a-f]+) \d\t(.*)$/s.exec(item);
    if (match === null || match[1] === '160000') continue;
    files.set(match[3] ?? '', { mode: match[1] as FileMode, blob: match[2] ?? '' });
  }
  const edited: string[] = [];
  for (let i = 0; i + 1 < changed.length; i += 2) {
    const path = changed[i + 1] ?? '';
    if (changed[i] === 'D') files.delete(path);
    else if (files.has(path)) edited.push(path);
  }
  for (const [path, blob] of await hashFiles(call, [...edited, ...untracked])) {
    files.set(path, { blob, mode: files.get(path)?.mode ?? '100644' });
  }
  return new Map([...files].map(([path, entry]) => [path.slice(prefix.length), entry]));
}

/** The ids that files would get in git, with its filters; nothing is stored. */
async function hashFiles(call: Repository['call'], paths: readonly string[]): Promise<[string, string][]> {
  const plain = paths.filter((path) => !path.includes('\n'));
  if (plain.length === 0) return [];
  const ids = (await gitText(['hash-object', '--stdin-paths'], { ...call, input: `${plain.join('\n')}\n` })).split(
    '\n',
  );
  return plain.map((path, i) => [path, ids[i] ?? '']);
}
