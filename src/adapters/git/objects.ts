import type { FileMode } from '../../schema/lock.js';
import { type GitCall, gitText, runGit } from './run.js';
import { type Identity, quotePath } from './write.js';

/** One file of a tree to write: an object that git has, or bytes for a new one. */
export interface WrittenFile {
  readonly mode: FileMode | '160000';
  readonly content: { readonly blob: string } | { readonly bytes: Uint8Array };
}

/** A commit to write into the object store. No ref ever points to it. */
export interface WrittenCommit {
  readonly message: string;
  /** Indexes into the list of commits written in the same call, or ids. */
  readonly parents: readonly (number | string)[];
  /** The tree to start from; an empty one if there is none. */
  readonly tree?: string | undefined;
  /** Folders of the tree to replace by another tree. */
  readonly subtrees?: ReadonlyMap<string, string> | undefined;
  /** Files to put or, with undefined, to take away. */
  readonly files: Iterable<readonly [string, WrittenFile | undefined]>;
}

export interface WriteOptions {
  readonly author: Identity;
  readonly date: Date;
}

/** The ref that fast-import needs to write to; it is taken away in the same run. */
const scratchRef = 'refs/mlsys';
const noObject = '0'.repeat(40);

/** Writes commits with one git process and gives their ids. */
export async function writeCommits(
  call: GitCall,
  commits: readonly WrittenCommit[],
  options: WriteOptions,
): Promise<string[]> {
  const asked = commits.map((_, i) => `get-mark :${i + 1}\n`).join('');
  return (await fastImport(call, commitStream(commits, asked, options))).trim().split('\n');
}

/** Writes a tree with one git process and gives its id. */
export async function writeTree(
  call: GitCall,
  { tree, files }: Pick<WrittenCommit, 'tree' | 'files'>,
  options: WriteOptions,
): Promise<string> {
  const commit = { message: 'Tree', parents: [], tree, files };
  const said = await fastImport(call, commitStream([commit], 'ls :1 ""\n', options));
  return /^040000 tree ([0-9a-f]+)\t/.exec(said)?.[1] ?? '';
}

async function fastImport(call: GitCall, input: Iterable<Buffer>): Promise<string> {
  const args = ['fast-import', '--quiet', '--date-format=raw', '--done', '--force'];
  return (await runGit(args, { ...call, input })).stdout.toString();
}

function* commitStream(
  commits: readonly WrittenCommit[],
  asked: string,
  { author, date }: WriteOptions,
): Iterable<Buffer> {
  const when = `${author.name} <${author.email}> ${Math.floor(date.getTime() / 1000)} +0000`;
  for (const [i, commit] of commits.entries()) {
    yield Buffer.from(`reset ${scratchRef}\ncommit ${scratchRef}\nmark :${i + 1}\ncommitter ${when}\n`);
    yield* data(Buffer.from(commit.message));
    for (const [n, parent] of commit.parents.entries()) {
      yield Buffer.from(`${n === 0 ? 'from' : 'merge'} ${typeof parent === 'number' ? `:${parent + 1}` : parent}\n`);
    }
    yield Buffer.from('deleteall\n');
    if (commit.tree !== undefined) yield Buffer.from(`M 040000 ${commit.tree} ""\n`);
    for (const [folder, tree] of commit.subtrees ?? []) yield Buffer.from(`M 040000 ${tree} ${quotePath(folder)}\n`);
    for (const [path, file] of commit.files) {
      if (file === undefined) yield Buffer.from(`D ${quotePath(path)}\n`);
      else if ('blob' in file.content) yield Buffer.from(`M ${file.mode} ${file.content.blob} ${quotePath(path)}\n`);
      else {
        yield Buffer.from(`M ${file.mode} inline ${quotePath(path)}\n`);
        yield* data(file.content.bytes);
      }
    }
    yield Buffer.from('\n');
  }
  yield Buffer.from(asked);
  yield Buffer.from(`reset ${scratchRef}\nfrom ${noObject}\n\ndone\n`);
}

function* data(bytes: Uint8Array): Iterable<Buffer> {
  yield Buffer.from(`data ${bytes.byteLength}\n`);
  yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  yield Buffer.from('\n');
}

/** The ids that the repository does not have, with a size that says nothing of their content. */
export async function missingObjects(call: GitCall, ids: Iterable<string>): Promise<Set<string>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Set();
  const { stdout } = await runGit(['cat-file', '--batch-check', '--buffer'], {
    ...call,
    input: `${wanted.join('\n')}\n`,
  });
  const lines = stdout.toString().split('\n');
  return new Set(wanted.filter((_, i) => lines[i]?.endsWith(' missing')));
}

export const treeOf = (call: GitCall, commit: string): Promise<string> =>
  gitText(['rev-parse', `${commit}^{tree}`], call);
