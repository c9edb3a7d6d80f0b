import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const packages = ['copier==9.19.1', 'cruft==2.16.0', 'cookiecutter==2.7.1'];
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const folder = join(cache, 'mlsys-bench', 'venv');
const programs = join(folder, process.platform === 'win32' ? 'Scripts' : 'bin');

export const tool = (name) => join(programs, name);

/** Makes the virtual environment with the peers, once for this user. */
export function ensurePeers(log) {
  if (existsSync(tool('installed'))) return;
  log(`installing ${packages.join(', ')} into ${folder}, once`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  const hasUv = spawnSync('uv', ['--version']).status === 0;
  if (hasUv) {
    run('uv', 'venv', '--quiet', folder);
    run('uv', 'pip', 'install', '--quiet', '--python', tool('python'), ...packages);
  } else {
    run(process.platform === 'win32' ? 'python' : 'python3', '-m', 'venv', folder);
    run(tool('python'), '-m', 'pip', 'install', '--quiet', ...packages);
  }
  run(tool('python'), '-m', 'compileall', '-q', folder);
  mkdirSync(tool('installed'));
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exited with ${status}`}`);
}
