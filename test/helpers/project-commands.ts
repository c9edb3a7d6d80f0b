import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';

export const repository = resolve(import.meta.dirname, '../..');
export const cli = join(repository, 'bin/mlsys.js');

/** Runs a command of a person in a project; its whole output is shown where it fails. */
export function run(cwd: string, command: string, ...args: string[]): string {
  const { NODE_EXTRA_CA_CERTS, VIRTUAL_ENV, ...env } = process.env;
  void [NODE_EXTRA_CA_CERTS, VIRTUAL_ENV];
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const line = [command, ...args].join(' ');
  expect({ line, status, error, output: status === 0 ? '' : stdout + stderr }).toEqual({
    line,
    status: 0,
    error: undefined,
    output: '',
  });
  return stdout;
}
