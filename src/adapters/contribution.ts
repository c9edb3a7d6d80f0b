import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TreeFile } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import { treeOf, writeCommits } from './git/objects.js';
import { type GitCall, runGit } from './git/run.js';
import { commitIdentity } from './git/write.js';

/** Source files of a template by path: new content, or none for one that goes. */
export type SourceFiles = ReadonlyMap<string, TreeFile | undefined>;

export interface BranchRequest {
  /** The commit to stand on. */
  readonly parent: string;
  readonly files: SourceFiles;
  readonly message: string;
  readonly date: Date;
  /** The name of the branch; the argument is a short id of what it holds. */
  readonly name: (id: string) => string;
}

export interface WrittenBranch {
  readonly name: string;
  readonly commit: string;
  /** Whether it was there before, with the very same content. */
  readonly wasThere: boolean;
}

/** Makes a git branch with one commit. Neither the work tree nor the index of the repository is touched. */
export async function writeBranch(call: GitCall, request: BranchRequest): Promise<WrittenBranch> {
  const { parent, files, message, date } = request;
  const author = await commitIdentity(call);
  const written = [...files].map(
    ([path, file]) => [path, file && { mode: file.mode, content: { bytes: file.bytes } }] as const,
  );
  const tree = await treeOf(call, parent);
  const [commit = ''] = await writeCommits(call, [{ message, parents: [parent], tree, files: written }], {
    author,
    date,
  });
  const next = await treeOf(call, commit);
  const name = request.name(next.slice(0, 8));
  const ref = `refs/heads/${name}`;
  const { exitCode, stdout } = await runGit(['rev-parse', '--verify', '--quiet', `${ref}^{commit}`], {
    ...call,
    accept: [1, 128],
  });
  if (exitCode === 0) {
    const present = stdout.toString().trim();
    if ((await treeOf(call, present)) === next) return { name, commit: present, wasThere: true };
    throw new MlsysError('git', `the branch ${name} is there already, with something else in it`, {
      hint: 'choose another name with --branch, or delete it: git branch -D <name>',
    });
  }
  await runGit(['update-ref', '-m', 'mlsys contribute', ref, commit, '0'.repeat(40)], call);
  return { name, commit, wasThere: false };
}

export async function checkBranchName(call: GitCall, name: string): Promise<void> {
  const { exitCode } = await runGit(['check-ref-format', '--branch', name], { ...call, accept: [1, 128] });
  if (exitCode !== 0 || name.startsWith('-')) {
    throw new MlsysError('usage', `${JSON.stringify(name.slice(0, 60))} is no name for a git branch`);
  }
}

/** Writes into the files of a folder: first all beside their places, so that a full disk changes nothing. */
export function writeInPlace(root: string, files: SourceFiles): void {
  const staged: [string, string][] = [];
  try {
    for (const [path, file] of files) {
      if (file === undefined) continue;
      const full = join(root, path);
      const staging = `${full}.${process.pid}.new`;
      mkdirSync(dirname(full), { recursive: true });
      staged.push([staging, full]);
      if (file.mode === '120000') symlinkSync(Buffer.from(file.bytes).toString(), staging);
      else {
        writeFileSync(staging, file.bytes);
        chmodSync(staging, file.mode === '100755' ? 0o755 : 0o644);
      }
    }
    for (const [staging, full] of staged) renameSync(staging, full);
  } finally {
    for (const [staging] of staged) if (existsSync(staging)) rmSync(staging);
  }
  for (const [path, file] of files) if (file === undefined) rmSync(join(root, path), { force: true });
}
