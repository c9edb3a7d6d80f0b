import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const repository = resolve(import.meta.dirname, '../..');
const work = mkdtempSync(join(tmpdir(), 'mlsys-branching-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** The sections of a page that hold commands, with those commands. */
function commandsOf(page: string): { title: string; script: string }[] {
  const sections = readFileSync(join(repository, page), 'utf8').split(/^## /m).slice(1);
  return sections.flatMap((section) => {
    const blocks = [...section.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map((match) => match[1] ?? '');
    return blocks.length === 0 ? [] : [{ title: section.split('\n')[0] ?? '', script: blocks.join('\n') }];
  });
}

/** A person's shell: `mlsys` on the PATH, an identity for git, nothing else. */
function environment(): NodeJS.ProcessEnv {
  const bin = join(work, 'bin');
  const home = join(work, 'home');
  mkdirSync(bin, { recursive: true });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(bin, 'mlsys'), `#!/bin/sh\nexec node ${join(repository, 'bin/mlsys.js')} "$@"\n`);
  chmodSync(join(bin, 'mlsys'), 0o755);
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Somebody\n\temail = somebody@example.org\n');
  const { GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL, ...env } = process.env;
  void [GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL];
  return {
    ...env,
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    PATH: `${bin}:${env.PATH}`,
    MLSYS: repository,
    NO_COLOR: '1',
  };
}

describe('BRANCHING.md', () => {
  const env = environment();
  it.each(commandsOf('BRANCHING.md'))('runs the commands of “$title”', ({ script }) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: work,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' });
  });
});
