import { execa } from 'execa';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { packageRoot } from './context.js';

export const builtCli = join(packageRoot, 'dist', 'mlsys.js');

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Workplace {
  /** A folder that is gone when all tests of the file have run. */
  readonly root: string;
  /** A new empty folder in it. */
  readonly folder: (name?: string) => string;
  readonly env: (more?: NodeJS.ProcessEnv) => NodeJS.ProcessEnv;
  readonly start: (args: readonly string[], options?: RunOptions) => ReturnType<typeof startNode>;
  readonly mlsys: (
    args: readonly string[],
    options?: RunOptions,
  ) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;
}

const startNode = (args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) =>
  execa(process.execPath, args, { cwd, env, extendEnv: false, stdin: 'ignore', reject: false });

/** A machine for the tests of one file: a person with folders of their own, and the built command line. */
export function workplace(): Workplace {
  let root = '';
  let folders = 0;
  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'mlsys-e2e-')));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 3 }));
  const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => {
    const home = join(root, 'home');
    const { PATH, SystemRoot, TEMP, TMP, TMPDIR } = process.env;
    return {
      ...{ PATH, SystemRoot, TEMP, TMP, TMPDIR },
      HOME: home,
      USERPROFILE: home,
      LOCALAPPDATA: join(home, 'local'),
      GIT_CONFIG_NOSYSTEM: '1',
      ...more,
    };
  };
  const start = (args: readonly string[], options: RunOptions = {}) =>
    startNode([builtCli, ...args], options.cwd ?? root, env(options.env));
  return {
    get root() {
      return root;
    },
    folder: (name = `folder-${++folders}`) => {
      const path = join(root, name);
      mkdirSync(path, { recursive: true });
      return path;
    },
    env,
    start,
    mlsys: async (args, options) => {
      const { exitCode = -1, stdout, stderr } = await start(args, options);
      return { exitCode, stdout, stderr };
    },
  };
}

/** Every file below a folder, by path; git's own folder is left out. */
export function filesBelow(folder: string, below = ''): string[] {
  if (!existsSync(join(folder, below))) return [];
  return readdirSync(join(folder, below))
    .filter((name) => name !== '.git')
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      return lstatSync(join(folder, path)).isDirectory() ? filesBelow(folder, path) : [path];
    })
    .sort();
}
