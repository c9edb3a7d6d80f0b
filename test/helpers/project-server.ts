import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment } from './project-commands.js';

const PATIENCE = 300_000;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a command with all that it starts as a process group, waits until the address answers, and gives what ends it. */
export async function serve(cwd: string, line: string, url: string, log: string): Promise<() => Promise<void>> {
  const output = openSync(log, 'w');
  const { pid } = spawn('bash', ['-c', line], {
    cwd,
    env: environment(),
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  // The group 0 would be that of this process.
  if (pid === undefined) throw new Error(`${line} could not be started`);
  const end = () => endGroup(pid);
  try {
    await untilTrue(async () => {
      if (!runs(pid)) throw new Error('it has ended');
      return (await fetch(url).catch(() => undefined))?.ok === true;
    });
  } catch (error) {
    await end();
    throw new Error(`${line} does not answer at ${url}:\n${readFileSync(log, 'utf8')}`, { cause: error });
  }
  return end;
}

async function endGroup(leader: number): Promise<void> {
  signal(leader, 'SIGTERM');
  try {
    await untilTrue(() => !runs(leader));
  } finally {
    signal(leader, 'SIGKILL');
  }
}

/** Whether any process of a group is there. */
const runs = (leader: number) => signal(leader, 0);

function signal(leader: number, what: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, what);
  } catch {
    return false;
  }
}

async function untilTrue(check: () => boolean | Promise<boolean>): Promise<void> {
  for (const until = Date.now() + PATIENCE; !(await check()); await sleep(100)) {
    if (Date.now() > until) throw new Error(`not within ${PATIENCE / 1000} s`);
  }
}
