import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Log {
  /** Something that happened, or is about to. */
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
}

/** The world as a command sees it: built once by the command line, handed down, replaced by tests. */
export interface Context {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** Where mlsys keeps what it can make again. */
  readonly cacheDir: string;
  readonly configDir: string;
  /** The folder of mlsys' own `package.json`, with `templates/` and `branches/`. */
  readonly packageRoot: string;
  readonly version: string;
  /** Data, for a person or a program: standard output. */
  readonly print: (text: string) => void;
  /** Everything else: standard error. */
  readonly log: Log;
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  readonly now: () => Date;
  /** Registers what must be undone when the process is interrupted; gives back what takes it off again. */
  readonly onInterrupt: (undo: () => void) => () => void;
}

const ownRoot = fileURLToPath(new URL('..', import.meta.url));

export function ownVersion(root = ownRoot): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
}

function userFolders(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home: string) {
  if (platform === 'win32') {
    const local = env.LOCALAPPDATA ?? join(home, 'AppData', 'Local');
    return { cacheDir: join(local, 'mlsys', 'cache'), configDir: join(local, 'mlsys', 'config') };
  }
  return {
    cacheDir: join(env.XDG_CACHE_HOME || join(home, '.cache'), 'mlsys'),
    configDir: join(env.XDG_CONFIG_HOME || join(home, '.config'), 'mlsys'),
  };
}

export function systemContext(): Context {
  const { env, platform } = process;
  const home = homedir();
  const undos = new Set<() => void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const undo of undos) undo();
      process.kill(process.pid, signal);
    });
  }
  return {
    cwd: process.cwd(),
    env,
    platform,
    home,
    ...userFolders(env, platform, home),
    packageRoot: ownRoot,
    version: ownVersion(),
    print: (text) => void process.stdout.write(`${text}\n`),
    log: {
      info: (message) => void process.stderr.write(`${message}\n`),
      warn: (message) => void process.stderr.write(`warning: ${message}\n`),
    },
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && !env.CI,
    now: () => new Date(),
    onInterrupt: (undo) => {
      undos.add(undo);
      return () => void undos.delete(undo);
    },
  };
}
