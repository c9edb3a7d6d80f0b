import { execa } from 'execa';
import { MlsysError } from '../../errors.js';

export interface GitCall {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined;
  /** Where new objects go instead of the repository, which is then only read. */
  readonly scratch?: { readonly objects: string; readonly repository: string } | undefined;
  /** An index to use instead of the repository's own. */
  readonly index?: string | undefined;
  /** Exit codes that are an answer and not a failure; 0 is always one. */
  readonly accept?: readonly number[] | undefined;
  /** Told the process that git runs in, as soon as it does. */
  readonly onStart?: ((pid: number) => void) | undefined;
}

/**
 * What a person's configuration must not change: hooks and signing belong to their own commits, and the rest changes how
 * git prints or merges.
 */
const neutralConfig: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'commit.gpgSign': 'false',
  'tag.gpgSign': 'false',
  'core.fsmonitor': 'false',
  'core.quotePath': 'false',
  'core.pager': 'cat',
  'core.commentChar': '#',
  'color.ui': 'false',
  'diff.noprefix': 'false',
  'diff.mnemonicPrefix': 'false',
  'diff.external': '',
  'diff.renames': 'true',
  'merge.renames': 'true',
  'merge.renameLimit': '7000',
  'merge.directoryRenames': 'conflict',
  'merge.conflictStyle': 'merge',
  'submodule.recurse': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'fastimport.unpackLimit': '1',
  // What is written is small, and the next gc packs it well.
  'pack.compression': '1',
  'protocol.ext.allow': 'never',
  'init.defaultBranch': 'main',
};

/** Variables of git that say who a person is or how a server is reached; all others steer git itself. */
const keptVariables =
  /^GIT_(SSL_|SSH|ASKPASS|HTTP_|AUTHOR_|COMMITTER_|CONFIG_GLOBAL$|CONFIG_SYSTEM$|CONFIG_NOSYSTEM$|EXEC_PATH$|TEMPLATE_DIR$|CEILING_DIRECTORIES$)/;

/** The environment without what would steer git, or start an editor or a pager. */
export function personalEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || /^(EDITOR|VISUAL|PAGER|PREFIX)$/.test(name)) continue;
    if (!name.startsWith('GIT_') || keptVariables.test(name)) kept[name] = value;
  }
  return kept;
}

export function gitEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept = personalEnvironment(env);
  const config = Object.entries(neutralConfig);
  kept.GIT_CONFIG_COUNT = String(config.length);
  for (const [i, [key, value]] of config.entries()) {
    kept[`GIT_CONFIG_KEY_${i}`] = key;
    kept[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  return { ...kept, GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', GIT_PAGER: 'cat', LC_ALL: 'C' };
}

export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs one git command with no shell. */
export async function runGit(
  args: readonly string[],
  { cwd, env, input, scratch, index, accept = [], onStart }: GitCall,
): Promise<GitAnswer> {
  const running = execa('git', args, {
    cwd,
    env: {
      ...gitEnvironment(env),
      ...(index && { GIT_INDEX_FILE: index }),
      ...(scratch && { GIT_OBJECT_DIRECTORY: scratch.objects, GIT_ALTERNATE_OBJECT_DIRECTORIES: scratch.repository }),
    },
    extendEnv: false,
    encoding: 'buffer',
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 2 ** 31 - 1,
    ...inputOf(input),
  });
  if (running.pid !== undefined) onStart?.(running.pid);
  const result = await running;
  if (result.code === 'ENOENT') {
    throw new MlsysError('git', 'git is not installed, or not on the PATH', { hint: 'install git 2.38 or newer' });
  }
  const exitCode = result.exitCode ?? 128;
  const stderr = Buffer.from(result.stderr).toString();
  if (exitCode !== 0 && !accept.includes(exitCode)) throw gitFailure(args, stderr, result.cause ?? result.message);
  return { exitCode, stdout: Buffer.from(result.stdout), stderr };
}

function inputOf(input: GitCall['input']) {
  if (input === undefined) return { stdin: 'ignore' as const };
  if (typeof input === 'string' || input instanceof Uint8Array) return { input };
  return Symbol.asyncIterator in input ? { stdin: input } : { input: Buffer.concat([...input]) };
}

function gitFailure(args: readonly string[], stderr: string, cause: unknown): MlsysError {
  const said = stderr
    .split('\n')
    .filter((text) => /^(fatal|error):/.test(text))
    .map((text) => text.replace(/^(fatal|error): /, ''));
  const reason = said[0] ?? stderr.trim().split('\n').at(-1) ?? '';
  const hint = /No space left|diskspace|Disk quota/.test(stderr)
    ? 'make room on the disk, then run the command again'
    : undefined;
  return new MlsysError('git', `git ${args[0]} failed: ${reason}`, { cause, hint, details: said.slice(1, 4) });
}

/** The output of a command as text, without its last newline. */
export async function gitText(args: readonly string[], call: GitCall): Promise<string> {
  return (await runGit(args, call)).stdout.toString().replace(/\n$/, '');
}

/** The output of a command that ends each item with NUL. */
export async function gitItems(args: readonly string[], call: GitCall): Promise<string[]> {
  return (await runGit(args, call)).stdout.toString().split('\0').slice(0, -1);
}
