import { withoutCredentials } from '../../core/source.js';
import { MlsysError } from '../../errors.js';
import { type GitCall, gitText, runGit } from './run.js';

/** A repository that is talked to as a remote: a folder, a bare repository or a url. */
export interface Remote {
  readonly url: string;
  /** The folder that it is, if it is one on this machine. */
  readonly folder: string | undefined;
}

const protocols = [
  '-c',
  'protocol.allow=never',
  ...['https', 'ssh', 'file'].flatMap((name) => ['-c', `protocol.${name}.allow=always`]),
];

async function talk(args: readonly string[], call: GitCall, { url }: Remote): Promise<string> {
  try {
    return await gitText([...protocols, ...args], call);
  } catch (error) {
    if (!(error instanceof MlsysError)) throw error;
    throw explain(error, url);
  }
}

function explain(error: MlsysError, url: string): MlsysError {
  const name = withoutCredentials(url);
  const said = [error.message, ...error.details].join('\n').replaceAll(url, name);
  const facts = { cause: error, details: said.split('\n').slice(0, 4) };
  if (/does not appear to be a git repository|not found|No such file/.test(said)) {
    return new MlsysError('git', `${name} is no git repository`, {
      ...facts,
      hint: 'for a folder: git init --bare <folder>; else check the address and your access to it',
    });
  }
  if (/rejected|non-fast-forward|failed to push/.test(said)) {
    return new MlsysError('git', `${name} did not take the branches`, {
      ...facts,
      hint: 'where somebody published at the same time, run the command again; nothing was overwritten',
    });
  }
  return new MlsysError('network', `${name} can't be reached`, { ...facts, hint: 'check your access to it' });
}

export const makeBareRepository = (call: GitCall): Promise<unknown> =>
  runGit(['init', '--quiet', '--bare', '--template=', '.'], call);

/** Fetches those of the branches that the remote has, and gives their heads by name. */
export async function fetchHeads(
  call: GitCall,
  remote: Remote,
  names: readonly string[],
): Promise<Map<string, string>> {
  const refs = names.map((name) => `refs/heads/${name}`);
  const lines = (await talk(['ls-remote', '--refs', '--', remote.url, ...refs], call, remote)).split('\n');
  const heads = lines.flatMap((line): [string, string][] => {
    const [commit = '', ref = ''] = line.split('\t');
    return refs.includes(ref) ? [[ref.slice('refs/heads/'.length), commit]] : [];
  });
  if (heads.length > 0) {
    const specs = heads.map(([name]) => `+refs/heads/${name}:refs/heads/${name}`);
    await talk(['fetch', '--quiet', '--no-tags', '--', remote.url, ...specs], call, remote);
  }
  return new Map(heads);
}

/** Pushes commits to branches, all or none, and only forward. */
export async function pushHeads(call: GitCall, remote: Remote, heads: ReadonlyMap<string, string>): Promise<void> {
  const specs = [...heads].map(([name, commit]) => `${commit}:refs/heads/${name}`);
  await talk(['push', '--quiet', '--porcelain', '--atomic', '--', remote.url, ...specs], call, remote);
}

/** The branch that a folder on this machine has checked out, where git refuses to push to it. */
export async function guardedBranch(call: GitCall, { folder }: Remote): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const ask = async (...args: string[]): Promise<string> =>
    (await runGit(args, { ...call, cwd: folder, accept: [1, 128] })).stdout.toString().trim();
  if ((await ask('rev-parse', '--is-bare-repository')) !== 'false') return undefined;
  if (/^(ignore|warn|updateInstead|false)$/i.test(await ask('config', 'receive.denyCurrentBranch'))) return undefined;
  return ask('symbolic-ref', '--quiet', '--short', 'HEAD');
}

export interface Head {
  readonly commit: string;
  readonly tree: string;
  readonly message: string;
}

export async function readHead(call: GitCall, commit: string): Promise<Head> {
  const text = await gitText(['rev-list', '--max-count=1', '--no-commit-header', '--format=%T%n%B', commit], call);
  const [tree = '', ...message] = text.split('\n');
  return { commit, tree, message: message.join('\n') };
}

export const isAncestor = async (call: GitCall, ancestor: string, commit: string): Promise<boolean> =>
  (await runGit(['merge-base', '--is-ancestor', ancestor, commit], { ...call, accept: [1] })).exitCode === 0;

/** The files in which two trees differ; without the first, the files of the second. */
export async function changedFiles(call: GitCall, from: string | undefined, to: string): Promise<string[]> {
  const args =
    from === undefined
      ? ['ls-tree', '-r', '-z', '--name-only', '--full-tree', to]
      : ['diff-tree', '-r', '-z', '--name-only', '--no-renames', from, to];
  return (await gitText(args, call)).split('\0').filter((path) => path !== '');
}
