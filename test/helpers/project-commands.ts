import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';

export const repository = resolve(import.meta.dirname, '../..');
export const cli = join(repository, 'bin/mlsys.js');

/** A cache of types for each worker: it knows a file by what is in it, so projects have those of their packages in common. */
const types = join(repository, 'node_modules/.cache', `mypy-${process.env.VITEST_POOL_ID ?? '1'}`);

/** As many test files run as there are cores, each with a program: more threads in a program would only wait for each other. */
const oneThread = { OMP_NUM_THREADS: '1', POLARS_MAX_THREADS: '1' };

/**
 * What a person has in the environment: nothing that only this machine or this test has. Modules are compiled when they are
 * imported first: to compile all that is installed takes a minute for each of these projects, which soon go.
 */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS, PYTHONDONTWRITEBYTECODE, VIRTUAL_ENV, ...env } = process.env;
  void [NODE_EXTRA_CA_CERTS, PYTHONDONTWRITEBYTECODE, VIRTUAL_ENV];
  return { MYPY_CACHE_DIR: types, UV_COMPILE_BYTECODE: '0', ...oneThread, ...env, ...more };
}

/** Longer than any command takes, so that one that hangs is named, and does not hold the whole run. */
const PATIENCE = 3_600_000;

/** Runs a command as a person would. */
export function attempt(cwd: string, command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  return spawnSync(command, args, {
    cwd,
    env: environment(more),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
  });
}

/** Leaves out what a crash of Python tells of the tests' runner, which is the same each time and longer than all else. */
const brief = (output: string) =>
  output
    .split('\n')
    .filter((line) => !/^\s*(Extension modules: |File ".*\/site-packages\/(_pytest|pluggy)\/)/.test(line))
    .join('\n');

/** Runs a command that must succeed; its output is shown where it fails. */
export function run(cwd: string, command: string, ...args: string[]): string {
  return runWith({}, cwd, command, ...args);
}

/** Does what `run` does, with some variables in the environment. */
export function runWith(more: NodeJS.ProcessEnv, cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = attempt(cwd, command, args, more);
  const line = [command, ...args].join(' ');
  expect({ line, status, error, output: status === 0 ? '' : brief(stdout + stderr) }).toEqual({
    line,
    status: 0,
    error: undefined,
    output: '',
  });
  return stdout;
}
