import { MlsysError } from '../../errors.js';
import { type GitCall, runGit } from './run.js';

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
  /** What git says of conflicts, by path. */
  readonly messages: ReadonlyMap<string, string>;
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
  return { tree, stages, messages: readMessages(items) };
}

/** `<number of paths> NUL <path>… NUL <type> NUL <message>` for each message. */
function readMessages(items: string[]): Map<string, string> {
  const messages = new Map<string, string>();
  while (items.length > 2) {
    const count = Number(items.shift());
    if (!Number.isInteger(count)) break;
    const paths = items.splice(0, count);
    const [type = '', text = ''] = items.splice(0, 2);
    if (!type.startsWith('CONFLICT')) continue;
    for (const path of paths) if (!messages.has(path)) messages.set(path, text.trim());
  }
  return messages;
}
