import { execa } from 'execa';
import { join } from 'node:path';
import { packageRoot, temporaryFolder } from './context.js';

const cli = join(packageRoot, 'dist', 'mlsys.js');

export interface CliOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** The environment of a person with empty folders of their own. */
export function personEnvironment(env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const home = temporaryFolder();
  return {
    ...process.env,
    NODE_EXTRA_CA_CERTS: undefined,
    FORCE_COLOR: undefined,
    NO_COLOR: '1',
    VIRTUAL_ENV: '/nowhere',
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_CONFIG_HOME: join(home, 'config'),
    LOCALAPPDATA: join(home, 'local'),
    ...env,
  };
}

/** Starts the built command line, for tests that send it signals. */
export const startCli = (args: readonly string[], { cwd, env = personEnvironment(), input = '' }: CliOptions) =>
  execa(process.execPath, [cli, ...args], { cwd, env, extendEnv: false, input, reject: false });

/** Runs the built command line to its end. */
export async function runCli(args: readonly string[], options: CliOptions) {
  const { exitCode = -1, stdout, stderr } = await startCli(args, options);
  return { exitCode, stdout, stderr };
}
