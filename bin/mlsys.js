#!/usr/bin/env node
// The launcher. An installed mlsys always has its build; in a fresh clone of the source this makes it first.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const bundle = fileURLToPath(new URL('../dist/mlsys.js', import.meta.url));
const [major] = process.versions.node.split('.').map(Number);

if (major < 20) {
  console.error(`error: mlsys needs Node 20 or newer, this is ${process.versions.node}`);
  process.exit(1);
}
if (process.argv.length === 3 && ['--version', '-V'].includes(process.argv[2])) {
  // Scripts and editors ask this often, and it needs none of the bundle.
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
} else {
  if (!existsSync(bundle)) await buildFromSource();
  const { runBundle } = await import('./code-cache.js');
  runBundle(bundle);
}

async function buildFromSource() {
  const { spawnSync } = await import('node:child_process');
  const root = fileURLToPath(new URL('..', import.meta.url));
  const npm = (...args) => {
    console.error(`mlsys: npm ${args.join(' ')}`);
    const { status, error } = spawnSync('npm', args, {
      cwd: root,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    });
    if (status !== 0) {
      console.error(
        `error: the build of mlsys failed in ${root}: npm ${args.join(' ')} ${error?.message ?? `exited with ${status}`}`,
      );
      process.exit(1);
    }
  };
  console.error('mlsys: this is a source checkout without a build, it is made once');
  npm('ci', '--no-audit', '--no-fund', '--loglevel=error');
  npm('run', '--silent', 'build');
}
