import { capture } from '../exec.js';
import { gitEnvironment } from './run.js';

/** What doctor asks of git. Each question has a time limit, and "no answer" is an answer. */
export interface Inspection {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly limit: number;
}

const ask = ({ cwd, env, limit }: Inspection, args: readonly string[]) =>
  capture('git', args, { cwd, env: gitEnvironment(env), limit });

export async function gitVersion(inspection: Inspection): Promise<string | undefined> {
  const { stdout } = await ask(inspection, ['--version']);
  return /^git version (\d+\.\d+(?:\.\d+)?)/.exec(stdout)?.[1];
}

/** The identity that was configured; one that git would guess from the machine's name does not count. */
export async function configuredIdentity(inspection: Inspection): Promise<string | undefined> {
  const { exitCode, stdout } = await ask(inspection, ['-c', 'user.useConfigOnly=true', 'var', 'GIT_COMMITTER_IDENT']);
  return exitCode === 0 ? stdout.replace(/ \d+ [+-]\d{4}\s*$/, '') : undefined;
}

/** Tracked files below the folder that hold both ends of a conflict; `undefined` outside a repository. */
export async function filesWithMarkers(inspection: Inspection): Promise<string[] | undefined> {
  const args = ['grep', '-l', '-z', '-I', '-E', '--all-match', '-e', '^<{7} ', '--or', '-e', '^>{7} '];
  const { exitCode, stdout } = await ask(inspection, args);
  // 1: no file does.
  if (exitCode !== 0 && exitCode !== 1) return undefined;
  return stdout.split('\0').filter((path) => path !== '');
}

/** Whether a merge waits for its commit. */
export async function isMerging(inspection: Inspection): Promise<boolean> {
  return (await ask(inspection, ['rev-parse', '--verify', '--quiet', 'MERGE_HEAD'])).exitCode === 0;
}
