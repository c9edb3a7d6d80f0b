import type { TreeFile } from '../../core/tree.js';
import { type GitCall, gitText, runGit } from './run.js';

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommitRequest {
  readonly files: Iterable<readonly [string, TreeFile]>;
  readonly message: string;
  readonly author: Identity;
  readonly date: Date;
  /** The branch to create. */
  readonly branch: string;
}

/** Who commits: the person, as git knows them, else mlsys itself. */
export async function commitIdentity(call: GitCall): Promise<Identity> {
  const { exitCode, stdout } = await runGit(['var', 'GIT_COMMITTER_IDENT'], { ...call, accept: [1, 128] });
  const known = /^(.*) <(.*)> \d+ [+-]\d{4}\s*$/.exec(stdout.toString());
  if (exitCode !== 0 || known === null) return { name: 'mlsys', email: 'mlsys@localhost' };
  return { name: known[1] ?? '', email: known[2] ?? '' };
}

/**
 * Makes a repository whose one commit holds the files, and checks them out. The objects go to git in one stream and git
 * writes the files itself: no file is read again to be hashed, which `git add` would do.
 */
export async function createRepository(call: GitCall, commit: CommitRequest): Promise<void> {
  await runGit(['init', '--quiet', '--template=', `--initial-branch=${commit.branch}`], call);
  await runGit(['fast-import', '--quiet', '--date-format=raw', '--done'], { ...call, input: commitStream(commit) });
  await runGit(['read-tree', '-m', '-u', 'HEAD'], call);
}

function* commitStream({ files, message, author, date, branch }: CommitRequest): Iterable<Buffer> {
  const seconds = Math.floor(date.getTime() / 1000);
  yield Buffer.from(`commit refs/heads/${branch}\ncommitter ${author.name} <${author.email}> ${seconds} +0000\n`);
  yield* data(Buffer.from(message));
  for (const [path, { bytes, mode }] of files) {
    yield Buffer.from(`M ${mode} inline ${quotePath(path)}\n`);
    yield* data(bytes);
  }
  yield Buffer.from('done\n');
}

function* data(bytes: Uint8Array): Iterable<Buffer> {
  yield Buffer.from(`data ${bytes.byteLength}\n`);
  yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  yield Buffer.from('\n');
}

/** A path as fast-import reads it: in C quotes where it could be mistaken. */
export function quotePath(path: string): string {
  if (!/^"|[\n\\"]/.test(path)) return path;
  return `"${path.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

export const headCommit = (call: GitCall): Promise<string> => gitText(['rev-parse', 'HEAD'], call);
