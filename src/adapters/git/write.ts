import type { TreeFile } from '../../core/tree.js';
import { type GitCall, gitText, runGit } from './run.js';

export interface Identity {
  readonly name: string;
  readonly email: string;
}

export interface CommitRequest {
  readonly files: Iterable<readonly [string, TreeFile]>;
  readonly message: string;
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
  // New files have no former version to be packed as a difference to.
  const args = ['fast-import', '--quiet', '--date-format=raw', '--depth=0', '--done'];
  await runGit(args, { ...call, input: commitStream(commit, commitIdentity(call)) });
  await runGit(['read-tree', '-m', '-u', 'HEAD'], call);
}

/** The files first: git packs them while the person's name is still looked up. */
async function* commitStream(
  { files, message, date, branch }: CommitRequest,
  identity: Promise<Identity>,
): AsyncIterable<Buffer> {
  const entries = [...files];
  yield Buffer.concat(entries.flatMap(([, { bytes }], i) => [Buffer.from(`blob\nmark :${i + 1}\n`), ...data(bytes)]));
  const { name, email } = await identity;
  const seconds = Math.floor(date.getTime() / 1000);
  yield Buffer.concat([
    Buffer.from(`commit refs/heads/${branch}\ncommitter ${name} <${email}> ${seconds} +0000\n`),
    ...data(Buffer.from(message)),
    ...entries.map(([path, { mode }], i) => Buffer.from(`M ${mode} :${i + 1} ${quotePath(path)}\n`)),
    Buffer.from('done\n'),
  ]);
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
