import { resolve } from 'node:path';
import { capture } from '../adapters/exec.js';
import { personalEnvironment } from '../adapters/git/run.js';

interface Question {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly limit: number;
}

/** Questions that only a person's own configuration answers, so it stays; nothing is asked of the person. */
const ask = ({ cwd, env, limit }: Question, args: readonly string[]) =>
  capture('git', args, {
    cwd,
    env: {
      ...personalEnvironment(env),
      GIT_ALLOW_PROTOCOL: 'https:file',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: 'true',
      GCM_INTERACTIVE: 'never',
      LC_ALL: 'C',
    },
    limit,
  });

/** The folder whose hooks git runs. */
export async function hooksFolder(question: Question): Promise<string | undefined> {
  const { exitCode, stdout } = await ask(question, ['rev-parse', '--git-path', 'hooks']);
  return exitCode === 0 && stdout !== '' ? resolve(question.cwd, stdout) : undefined;
}

export interface RemoteRefs {
  /** Commits by ref, tags as the commits that they stand for. */
  readonly refs?: ReadonlyMap<string, string>;
  /** Why there are none. */
  readonly reason?: string;
  readonly timedOut: boolean;
}

/** The tags of a repository, and the branches that are asked for. */
export async function remoteRefs(question: Question, url: string, branches: readonly string[]): Promise<RemoteRefs> {
  // What outlives the limit, a helper that is still connecting, soon gives up by itself.
  const slow = ['-c', 'http.lowSpeedLimit=1', '-c', 'http.lowSpeedTime=2'];
  const heads = branches.map((branch) => `refs/heads/${branch}`);
  const patterns = ['HEAD', 'refs/tags/*', ...heads];
  const { exitCode, stdout, stderr, timedOut } = await ask(question, [...slow, 'ls-remote', '--', url, ...patterns]);
  if (exitCode !== 0) return { timedOut, reason: /^(?:fatal|error): (.*)$/m.exec(stderr)?.[1] ?? 'no answer' };
  const refs = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const [commit = '', ref = ''] = line.split('\t');
    // A tag's own object comes first, then the commit it points to, which takes its place.
    if (ref !== '') refs.set(ref.replace(/\^\{\}$/, ''), commit);
  }
  return { timedOut, refs };
}
