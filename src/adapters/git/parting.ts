import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from './repository.js';
import { gitItems, gitText, runGit } from './run.js';

/** How a clone becomes a repository of its own. It is kept in a journal, and each step can be taken again. */
export interface Parting {
  /** The commit that the branch `main` starts from, where the history of the clone is left behind. */
  readonly root?: string | undefined;
  /** Whether the remote `origin` becomes `upstream`. */
  readonly renameOrigin: boolean;
}

const ownBranch = 'refs/heads/main';
const [former, next] = ['origin', 'upstream'];

export async function partFromOrigin(repository: Repository, { root, renameOrigin }: Parting): Promise<void> {
  removeStaleLocks(repository);
  if (root !== undefined) await startOver(repository, root);
  await settleBranches(repository, root !== undefined);
  if (renameOrigin) await renameRemote(repository);
}

/** Nobody else writes here: what is locked was left by a git that was killed. */
function removeStaleLocks({ gitDir }: Repository): void {
  for (const name of ['config.lock', 'packed-refs.lock', 'HEAD.lock', `${ownBranch}.lock`]) {
    if (existsSync(join(gitDir, name))) rmSync(join(gitDir, name));
  }
}

/** HEAD names the commit at every moment; only then do the refs of the clone go. */
async function startOver({ call }: Repository, root: string): Promise<void> {
  await runGit(['update-ref', '-m', 'mlsys init', ownBranch, root], call);
  await runGit(['symbolic-ref', '-m', 'mlsys init', 'HEAD', ownBranch], call);
  const refs = await refsBelow(call, ['refs/heads', 'refs/tags', `refs/remotes/${former}`]);
  const commands = refs.filter((ref) => ref !== ownBranch).map((ref) => `delete ${ref}\n`);
  await runGit(['update-ref', '--no-deref', '--stdin'], { ...call, input: commands.join('') });
}

const refsBelow = async (call: Repository['call'], folders: readonly string[]): Promise<string[]> =>
  (await gitText(['for-each-ref', '--format=%(refname)', ...folders], call)).split('\n').filter((ref) => ref !== '');

/** Branches that followed the origin follow it under its new name, or nothing. */
async function settleBranches({ call }: Repository, forget: boolean): Promise<void> {
  const args = ['config', '--local', '-z', '--get-regexp', '^branch\\..*\\.remote$'];
  for (const item of await gitItems(args, { ...call, accept: [1] })) {
    const [key = '', remote] = item.split('\n');
    if (remote !== former) continue;
    if (forget) {
      await runGit(['config', '--local', '--remove-section', key.slice(0, -'.remote'.length)], call);
    } else await runGit(['config', '--local', key, next], call);
  }
}

async function renameRemote({ call }: Repository): Promise<void> {
  const config = (...args: string[]) => runGit(['config', '--local', ...args], { ...call, accept: [1, 128] });
  // The section as a whole: it may hold what a partial clone needs to fetch objects.
  await config('--rename-section', `remote.${former}`, `remote.${next}`);
  await config('--replace-all', `remote.${next}.fetch`, `+refs/heads/*:refs/remotes/${next}/*`);
  const partial = (await config('extensions.partialClone')).stdout.toString().trim();
  if (partial === former) await config('extensions.partialClone', next);
  const moved = await refsBelow(call, [`refs/remotes/${former}`]);
  const commands = await Promise.all(
    moved.map(async (ref) => {
      const name = ref.slice(`refs/remotes/${former}/`.length);
      const gone = `delete ${ref}\n`;
      return name === 'HEAD'
        ? gone
        : `update refs/remotes/${next}/${name} ${await gitText(['rev-parse', ref], call)}\n${gone}`;
    }),
  );
  await runGit(['update-ref', '--no-deref', '--stdin'], { ...call, input: commands.join('') });
}
