import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectName } from './trees.js';

/**
 * A folder for everything that is measured. Git and mlsys find neither a person's configuration nor their cache there, so
 * the figures do not hang on them.
 */
export function makeWorkplace() {
  const root = mkdtempSync(join(tmpdir(), 'mlsys-bench-'));
  const config = join(root, 'gitconfig');
  writeFileSync(config, '[user]\n\tname = Bench\n\temail = bench@localhost\n[init]\n\tdefaultBranch = main\n');
  Object.assign(process.env, {
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_NOSYSTEM: '1',
    XDG_CONFIG_HOME: join(root, 'config'),
  });
  const folder = (...parts) => {
    mkdirSync(join(root, ...parts), { recursive: true });
    return join(root, ...parts);
  };
  return {
    root,
    folder,
    /** Where a project of this contestant goes; whatever was there is gone. */
    freshTarget: (...parts) => {
      const target = join(folder(...parts), projectName);
      rmSync(target, { recursive: true, force: true });
      return target;
    },
    clear: (...parts) => rmSync(join(root, ...parts), { recursive: true, force: true }),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** A copy of a project whose files look untouched to git. */
export function copyProject(from, to, refresh) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  refresh(to);
}

export const readText = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
