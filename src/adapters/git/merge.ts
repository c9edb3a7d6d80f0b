import { MlsysError } from '../../errors.js';
import { type GitCall, gitItems, runGit } from './run.js';

export interface Stage {
  readonly path: string;
  readonly mode: string;
  readonly blob: string;
  /** 1: the common base, 2: ours, 3: theirs. */
  readonly stage: 1 | 2 | 3;
}

export interface TreeMerge {
  readonly tree: string;
  /** The stages of conflicted paths, as the index of an ordinary merge would hold them. */
  readonly stages: readonly Stage[];
  /** The kinds of conflict that git found, as `modify/delete`, by path. */
  readonly kinds: ReadonlyMap<string, readonly string[]>;
}

/** Merges two commits in the object store. Nothing else is touched. */
export async function mergeCommits(call: GitCall, ours: string, theirs: string): Promise<TreeMerge> {
  const args = ['-c', 'merge.conflictStyle=diff3', 'merge-tree', '--write-tree', '-z', '--messages', ours, theirs];
  const { exitCode, stdout, stderr } = await runGit(args, { ...call, accept: [1, 128, 129] });
  if (exitCode > 1) {
    const old = exitCode === 129;
    throw new MlsysError(
      'git',
      old ? 'this git is too old to merge trees' : `git merge-tree failed: ${stderr.trim()}`,
      {
        hint: old ? 'install git 2.38 or newer' : undefined,
      },
    );
  }
  const items = stdout.toString().split('\0');
  const tree = items.shift() ?? '';
  const stages: Stage[] = [];
  for (let item = items.shift(); item !== undefined && item !== ''; item = items.shift()) {
    const match = /^(\d{6}) ([0-9a-f]+) ([123])\t(.*)$/s.exec(item);
    if (match === null) break;
    stages.push({
      mode: match[1] ?? '',
      blob: match[2] ?? '',
      stage: Number(match[3]) as Stage['stage'],
      path: match[4] ?? '',
    });
  }
  return { tree, stages, kinds: readKinds(items) };
}

/** `<number of paths> NUL <path>… NUL <type> NUL <message>` for each message. */
function readKinds(items: string[]): Map<string, string[]> {
  const kinds = new Map<string, string[]>();
  while (items.length > 2) {
    const count = Number(items.shift());
    if (!Number.isInteger(count)) break;
    const paths = items.splice(0, count);
    const kind = /^CONFLICT \((.*)\)$/.exec(items.shift() ?? '')?.[1];
    items.shift();
    if (kind === undefined) continue;
    for (const path of paths) kinds.set(path, [...(kinds.get(path) ?? []), kind]);
  }
  return kinds;
}

/** Former paths by new ones: what git takes for renames between two commits, as its merge does. */
export async function renamesBetween(call: GitCall, from: string, to: string): Promise<Map<string, string>> {
  const args = ['diff-tree', '-r', '-z', '-M', '-l7000', '--diff-filter=R', '--name-status', from, to];
  const items = await gitItems(args, call);
  const renames = new Map<string, string>();
  for (let i = 0; i + 2 < items.length; i += 3) renames.set(items[i + 2] ?? '', items[i + 1] ?? '');
  return renames;
}
