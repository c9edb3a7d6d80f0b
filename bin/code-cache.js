// V8 compiles all of the bundle at each start, which is half of the time that a short command takes. So what it compiled is
// kept in the user's cache folder. `module.enableCompileCache` would do this, but Node 20 does not have it.
import { Buffer } from 'node:buffer';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

const unusedAfter = 30 * 24 * 3600 * 1000;

/** Runs a CommonJS bundle whose last line is a comment with the hash of its content. */
export function runBundle(bundle) {
  const source = readFileSync(bundle, 'latin1');
  const build = source.slice(-17, -1);
  const path = join(cacheFolder(), `${build}-${process.version}-${process.arch}`);
  const { commands, code } = readCache(path);
  const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
    filename: bundle,
    cachedData: code,
  });
  const command = process.argv[2] ?? '';
  if (script.cachedDataRejected !== false || (!commands.includes(command) && commands.length < 40)) {
    // By then the functions that this command needs are compiled too.
    const known = script.cachedDataRejected === false ? commands : [];
    process.once('exit', () => writeCache(path, [...known, command], script.createCachedData()));
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
}

/** As in `src/context.ts`, which the bundle brings. */
function cacheFolder() {
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  if (process.platform === 'win32') {
    return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'mlsys', 'cache', 'code');
  }
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'mlsys', 'code');
}

/** A line with the commands that were run, then the code that V8 made for them. */
function readCache(path) {
  try {
    const bytes = readFileSync(path);
    const end = bytes.indexOf('\n');
    return { commands: JSON.parse(bytes.toString('utf8', 0, end)), code: bytes.subarray(end + 1) };
  } catch {
    return { commands: [], code: undefined };
  }
}

/** Without a cache mlsys starts as well, only later. */
function writeCache(path, commands, code) {
  const staging = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(staging, Buffer.concat([Buffer.from(`${JSON.stringify(commands)}\n`), code]));
    renameSync(staging, path);
    for (const name of readdirSync(dirname(path))) {
      const other = join(dirname(path), name);
      if (Date.now() - statSync(other).mtimeMs > unusedAfter) rmSync(other);
    }
  } catch {
    rmSync(staging, { force: true });
  }
}
