import { accessSync, constants as fsConstants, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import type { Context } from '../context.js';

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface CaptureOptions extends Place {
  /** Milliseconds after which the program is ended and its answer counts as none. */
  readonly limit?: number;
  /** Gets each line of the output as it comes. */
  readonly onLine?: (line: string) => void;
  /** The context's: takes the program along when mlsys is interrupted. For what runs longer than a moment. */
  readonly onInterrupt?: Context['onInterrupt'];
}

export interface Captured {
  /** -1 where the program could not be started or was ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Runs a program without a terminal or input and keeps what it prints. It never throws: a failure is an answer too. */
export async function capture(command: string, args: readonly string[], options: CaptureOptions): Promise<Captured> {
  const { cwd, env, limit, onLine, onInterrupt } = options;
  const tap = function* (line: unknown): Generator<unknown> {
    onLine?.(String(line));
    yield line;
  };
  const child = execa(command, args, {
    cwd,
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    ...(onLine === undefined ? {} : { stdout: tap, stderr: tap }),
  });
  const forget = onInterrupt?.(() => child.kill());
  const result = limit === undefined ? await child : await within(child, limit);
  forget?.();
  if (result === undefined) {
    // Execa's own time limit waits for grandchildren that hold the pipes open.
    child.kill('SIGKILL');
    child.stdout?.destroy();
    child.stderr?.destroy();
    return { exitCode: -1, stdout: '', stderr: '', timedOut: true };
  }
  const { exitCode = -1, stdout = '', stderr = '' } = result;
  return { exitCode, stdout: String(stdout), stderr: String(stderr), timedOut: false };
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Attached {
  /** As a shell gives it: 128 and the signal's number where a signal ended the program. */
  readonly exitCode: number;
  /** The exit code that stands for a signal that mlsys itself got meanwhile, even if the program ended well. */
  readonly interrupted: number | undefined;
}

/** Runs a program as if it had been called itself: terminal, input, signals and exit code are its own. */
export async function attach(command: string, args: readonly string[], { cwd, env }: Place): Promise<Attached> {
  const child = execa(command, args, { cwd, env, extendEnv: false, stdio: 'inherit', reject: false });
  const handOver = handSignalsTo((signal) => child.kill(signal));
  try {
    const result = await child;
    if (result.exitCode === undefined && result.signal === undefined) throw result;
    const exitCode = result.exitCode ?? codeOf(result.signal);
    return { exitCode: exitCode ?? 1, interrupted: codeOf(handOver.seen()) };
  } finally {
    handOver.end();
  }
}

const codeOf = (signal: NodeJS.Signals | undefined): number | undefined =>
  signal === undefined ? undefined : 128 + osConstants.signals[signal];

const passedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * While a task runs, mlsys has nothing of its own to undo, so the signals are the task's: other listeners are set aside.
 * What is typed at a terminal (Ctrl-C, Ctrl-\) reaches the whole process group without us, and twice would be once too often:
 * many programs take the second one as "at once, without saving".
 */
function handSignalsTo(send: (signal: NodeJS.Signals) => unknown) {
  const typed = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  let seen: NodeJS.Signals | undefined;
  const undo = passedSignals.map((signal) => {
    const others = process.rawListeners(signal) as NodeJS.SignalsListener[];
    const listener = (): void => {
      seen = signal;
      if (!typed || signal === 'SIGTERM' || signal === 'SIGHUP') send(signal);
    };
    process.removeAllListeners(signal).on(signal, listener);
    return () => {
      process.off(signal, listener);
      for (const other of others) process.on(signal, other);
    };
  });
  return { seen: () => seen, end: () => undo.forEach((restore) => restore()) };
}

/** The name under which the PATH stands: Windows writes it as it likes. */
const pathKey = (env: NodeJS.ProcessEnv): string => Object.keys(env).find((key) => /^path$/i.test(key)) ?? 'PATH';

/** Every program of this name on the PATH, in its order. */
export function programsOnPath(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, name: string): string[] {
  const endings = platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  const folders = (env[pathKey(env)] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => endings.map((ending) => join(folder, name + ending))).filter(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, fsConstants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The environment with a folder at the end of the PATH, where it hides nothing that was there before. */
export function withFolderOnPath(env: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  const key = pathKey(env);
  const before = env[key];
  return { ...env, [key]: before === undefined || before === '' ? folder : `${before}${delimiter}${folder}` };
}
