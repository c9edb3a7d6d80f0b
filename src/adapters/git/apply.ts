import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
  lstatSync,
  copyFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { TreeEntry } from '../../core/tree.js';
import { MlsysError } from '../../errors.js';
import type { Stage } from './merge.js';
import { partFromOrigin, type Parting } from './parting.js';
import { listTree } from './read.js';
import { headOf, mergeHead, type Repository } from './repository.js';
import { gitText, runGit } from './run.js';

/** A change of the work tree that is ready to be made. All paths are relative to the top of the work tree. */
export interface Change {
  readonly command: string;
  readonly head: string;
  /** The tree to bring the work tree to. */
  readonly tree: string;
  /** The commit of a change without conflicts; without one it is left as a merge in progress. */
  readonly commit?: string | undefined;
  readonly mergeHead: string;
  readonly message: string;
  readonly stages: readonly Stage[];
  readonly paths: readonly string[];
  /** What becomes of the branches and remotes of a clone once the files are there. */
  readonly parting?: Parting | undefined;
}

const journalPath = ({ gitDir }: Repository): string => join(gitDir, 'mlsys', 'journal.json');
const pendingPath = ({ gitDir }: Repository): string => join(gitDir, 'mlsys', 'pending.json');

/** What a merge in progress was started by. */
export interface Pending {
  readonly command: string;
  readonly mergeHead: string;
}

/**
 *     journal → work tree and index → commit, or merge in progress → journal gone
 *
 * Whoever is killed on the way leaves the journal; `recover` then goes back, or finds that all was done.
 */
export async function applyChange(repository: Repository, change: Change): Promise<void> {
  const { call, gitDir } = repository;
  writeDurably(journalPath(repository), JSON.stringify(change));
  try {
    await runGit(['read-tree', '-m', '-u', change.head, change.tree], call);
  } catch (error) {
    // Git looks before it writes, but a disk can be full half-way.
    await rollBack(repository, change);
    throw error;
  }
  if (change.commit === undefined) {
    await stageConflicts(repository, change.stages);
    writeDurably(pendingPath(repository), JSON.stringify({ command: change.command, mergeHead: change.mergeHead }));
    writeFileSync(join(gitDir, 'ORIG_HEAD'), `${change.head}\n`);
    writeFileSync(join(gitDir, 'MERGE_MSG'), change.message);
    writeFileSync(join(gitDir, 'MERGE_MODE'), 'no-ff');
    writeDurably(join(gitDir, 'MERGE_HEAD'), `${change.mergeHead}\n`);
  } else {
    await runGit(['update-ref', '-m', `mlsys ${change.command}`, 'HEAD', change.commit, change.head], call);
  }
  if (change.parting !== undefined) await partFromOrigin(repository, change.parting);
  rmSync(journalPath(repository), { force: true });
}

async function stageConflicts({ call }: Repository, stages: readonly Stage[]): Promise<void> {
  if (stages.length === 0) return;
  const gone = [...new Set(stages.map(({ path }) => path))].map((path) => `0 ${'0'.repeat(40)}\t${path}\0`);
  const lines = stages.map(({ mode, blob, stage, path }) => `${mode} ${blob} ${stage}\t${path}\0`);
  await runGit(['update-index', '-z', '--index-info'], { ...call, input: [...gone, ...lines].join('') });
}

function writeDurably(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const staging = `${path}.new`;
  const file = openSync(staging, 'w');
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(staging, path);
}

/** The merge in progress, if a command of mlsys left it. */
export function pendingMerge(repository: Repository): Pending | undefined {
  const path = pendingPath(repository);
  if (!existsSync(path)) return undefined;
  const pending = JSON.parse(readFileSync(path, 'utf8')) as Pending;
  return mergeHead(repository) === pending.mergeHead ? pending : undefined;
}

export type Recovery = 'nothing' | 'finished' | 'undone';

export interface Recovered {
  readonly what: Recovery;
  readonly command?: string;
  /** Copies of files that were neither as before nor as after. */
  readonly rescued: readonly string[];
}

export const isInterrupted = (repository: Repository): boolean => existsSync(journalPath(repository));

/** Brings a repository in which a command was killed to before or after that command. */
export async function recover(repository: Repository): Promise<Recovered> {
  if (!isInterrupted(repository)) return { what: 'nothing', rescued: [] };
  const change = JSON.parse(readFileSync(journalPath(repository), 'utf8')) as Change;
  await clearStaleLocks(repository);
  const done =
    change.commit === undefined
      ? mergeHead(repository) === change.mergeHead
      : (await headOf(repository)) === change.commit;
  if (done) {
    if (change.parting !== undefined) await partFromOrigin(repository, change.parting);
    rmSync(journalPath(repository), { force: true });
    return { what: 'finished', command: change.command, rescued: [] };
  }
  const rescued = await rollBack(repository, change);
  return { what: 'undone', command: change.command, rescued };
}

/** Git commands of the killed run may still be ending; what they leave locked after that nobody holds. */
async function clearStaleLocks({ gitDir, call }: Repository): Promise<void> {
  const branch = (await runGit(['symbolic-ref', '--quiet', 'HEAD'], { ...call, accept: [1] })).stdout.toString().trim();
  const commonDir = await gitText(['rev-parse', '--path-format=absolute', '--git-common-dir'], call);
  const locks = [
    join(gitDir, 'index.lock'),
    join(gitDir, 'HEAD.lock'),
    ...(branch === '' ? [] : [join(commonDir, `${branch}.lock`)]),
  ];
  for (let tries = 0; tries < 20 && locks.some((lock) => existsSync(lock)); tries++)
    await new Promise((r) => setTimeout(r, 50));
  for (const lock of locks) rmSync(lock, { force: true });
}

/** Puts every path of a change back as HEAD has it. What is neither that nor the change's own is copied aside first. */
async function rollBack(repository: Repository, change: Change): Promise<string[]> {
  const { call, gitDir, top } = repository;
  const [before, after] = await Promise.all([entries(repository, change.head), entries(repository, change.tree)]);
  const rescued: string[] = [];
  for (const path of change.paths) {
    const found = contentId(join(top, path));
    if (found === undefined || found === before.get(path)?.blob || found === after.get(path)?.blob) continue;
    if (await isConverted(repository, path, [before.get(path)?.blob, after.get(path)?.blob])) continue;
    const copy = join(gitDir, 'mlsys', 'rescued', String(process.pid), path);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(top, path), copy);
    rescued.push(copy);
  }
  for (const path of change.paths) if (!before.has(path)) rmSync(join(top, path), { force: true, recursive: true });
  const lines = change.paths.map((path) => {
    const entry = before.get(path);
    return entry === undefined ? `0 ${'0'.repeat(40)}\t${path}\0` : `${entry.mode} ${entry.blob} 0\t${path}\0`;
  });
  await runGit(['update-index', '-z', '--index-info'], { ...call, input: lines.join('') });
  const restored = change.paths.filter((path) => before.has(path));
  if (restored.length > 0)
    await runGit(['checkout-index', '--force', '-q', '-z', '--stdin'], { ...call, input: `${restored.join('\0')}\0` });
  for (const file of ['MERGE_MSG', 'MERGE_MODE']) rmSync(join(gitDir, file), { force: true });
  rmSync(pendingPath(repository), { force: true });
  rmSync(journalPath(repository), { force: true });
  return rescued;
}

async function entries({ call }: Repository, treeish: string): Promise<Map<string, TreeEntry>> {
  return new Map((await listTree(call, treeish)).map(({ path, blob, mode }) => [path, { blob, mode }]));
}

function contentId(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isDirectory()) return undefined;
  const bytes = stat.isSymbolicLink() ? Buffer.from(readlinkSync(path)) : readFileSync(path);
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex');
}

/** Whether a file is one of the known versions once git has taken its filters and line ends off. */
async function isConverted(
  { call }: Repository,
  path: string,
  known: readonly (string | undefined)[],
): Promise<boolean> {
  return known.includes(await gitText(['hash-object', '--path', path, '--', path], call));
}

/** Ends a merge that a command of mlsys left, by taking it back. */
export async function abortMerge(repository: Repository): Promise<void> {
  if (pendingMerge(repository) === undefined) throw noMerge();
  await runGit(['reset', '--merge', 'HEAD'], repository.call);
  rmSync(pendingPath(repository), { force: true });
}

const noMerge = (): MlsysError =>
  new MlsysError('project', 'no merge of mlsys is in progress here', { hint: '`git status` says what is' });

export function requirePending(repository: Repository): Pending {
  const pending = pendingMerge(repository);
  if (pending === undefined) throw noMerge();
  return pending;
}

/** Commits a merge whose conflicts are settled, as `git commit` would without hooks. */
export async function concludeMerge(repository: Repository, identity: NodeJS.ProcessEnv): Promise<string> {
  await runGit(['commit', '--quiet', '--no-edit', '--no-verify', '--cleanup=strip'], {
    ...repository.call,
    env: { ...repository.call.env, ...identity },
  });
  rmSync(pendingPath(repository), { force: true });
  return headOf(repository);
}
