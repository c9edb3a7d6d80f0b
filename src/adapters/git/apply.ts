import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { statfsSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { foldersAbove } from '../../core/moves.js';
import { MlsysError } from '../../errors.js';
import type { Stage } from './merge.js';
import { partFromOrigin, type Parting } from './parting.js';
import { listEntries } from './read.js';
import { headOf, mergeHead, type Repository, unmergedPaths } from './repository.js';
import { rollBack } from './roll-back.js';
import { type GitCall, runGit } from './run.js';
import { clearStaleLocks, noteProcess } from './stale-locks.js';

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
  // Relative to the top, so that the project is found while its lock is being written.
  const journal = { ...change, project: repository.prefix };
  writeDurably(journalPath(repository), JSON.stringify(journal));
  try {
    await makeChange(repository, change);
  } catch (error) {
    // Git looks before it writes, but a disk can be full half-way.
    throw await takenBack(repository, change, error);
  }
  if (change.parting !== undefined) await partFromOrigin(repository, change.parting);
  rmSync(journalPath(repository), { force: true });
}

async function makeChange(repository: Repository, change: Change): Promise<void> {
  const { gitDir } = repository;
  const call: GitCall = { ...repository.call, onStart: (pid) => noteProcess(repository, pid) };
  await runGit(['read-tree', '-m', '-u', change.head, change.tree], call);
  if (change.commit === undefined) {
    await stageConflicts(call, change.stages);
    writeDurably(pendingPath(repository), JSON.stringify({ command: change.command, mergeHead: change.mergeHead }));
    writeFileSync(join(gitDir, 'ORIG_HEAD'), `${change.head}\n`);
    writeFileSync(join(gitDir, 'MERGE_MSG'), change.message);
    writeFileSync(join(gitDir, 'MERGE_MODE'), 'no-ff');
    writeDurably(join(gitDir, 'MERGE_HEAD'), `${change.mergeHead}\n`);
  } else {
    await runGit(['update-ref', '-m', `mlsys ${change.command}`, 'HEAD', change.commit, change.head], call);
  }
}

/** What git says of a file that came in the way since it was looked at, or of another git at work: it has written nothing. */
const refusal = /not uptodate|would be overwritten|would be removed|would lose|index\.lock/i;

/** Undoes what was done before an error. Where that fails too, the journal stays for the next command. */
async function takenBack(repository: Repository, change: Change, error: unknown): Promise<unknown> {
  if (error instanceof MlsysError && refusal.test(error.message)) {
    rmSync(journalPath(repository), { force: true });
    return error;
  }
  const isFull = hasNoRoom(repository.top);
  let rescued: string[];
  try {
    rescued = await undo(repository, change);
  } catch {
    return error;
  }
  if (!(error instanceof MlsysError)) return error;
  const { code, message } = error;
  const hint = isFull ? 'make room on the disk, then run the command again' : error.hint;
  const details = rescued.map((copy) => `a file that changed meanwhile is kept in ${copy}`);
  return new MlsysError(code, message, { hint, details: [...error.details, ...details], cause: error });
}

/** Git does not say why it could not write a file. */
function hasNoRoom(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < 1_000_000;
}

async function undo(repository: Repository, change: Change): Promise<string[]> {
  const { gitDir } = repository;
  const rescued = await rollBack(repository, change);
  for (const file of ['MERGE_MSG', 'MERGE_MODE']) rmSync(join(gitDir, file), { force: true });
  rmSync(pendingPath(repository), { force: true });
  rmSync(journalPath(repository), { force: true });
  return rescued;
}

async function stageConflicts(call: GitCall, stages: readonly Stage[]): Promise<void> {
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
    renameSync(staging, path);
  } catch (error) {
    rmSync(staging, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
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

/** The command whose journal a folder holds, which may be half-way between two states. */
export function interruptedCommand(root: string): string | undefined {
  const path = join(root, '.git', 'mlsys', 'journal.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Change).command : undefined;
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
  const rescued = await undo(repository, change);
  return { what: 'undone', command: change.command, rescued };
}

/** Ends a merge that a command of mlsys left, by taking it back. Gives copies of files that were changed since. */
export async function abortMerge(repository: Repository): Promise<string[]> {
  if (pendingMerge(repository) === undefined) throw noMerge();
  const reset = () => runGit(['reset', '--merge', 'HEAD'], repository.call);
  let rescued: string[] = [];
  try {
    await reset();
  } catch (error) {
    // Git stops at a conflict in a folder where HEAD has a file: a folder can't make way while something is in it.
    const paths = await conflictsBelowFiles(repository);
    if (paths.length === 0) throw error;
    rescued = await rollBack(repository, { head: 'HEAD', tree: 'MERGE_HEAD', paths });
    await reset();
  }
  rmSync(pendingPath(repository), { force: true });
  return rescued;
}

async function conflictsBelowFiles(repository: Repository): Promise<string[]> {
  const [open, before] = await Promise.all([unmergedPaths(repository), listEntries(repository.call, 'HEAD')]);
  return open.filter((path) => [...foldersAbove(path)].some((folder) => before.has(folder)));
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
