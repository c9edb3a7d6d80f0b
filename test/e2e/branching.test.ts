import { execFileSync, spawnSync } from 'node:child_process';
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

interface Status {
  readonly template: object;
  readonly files: readonly { readonly path: string; readonly state: string }[];
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

  // What follows looks at the folders that those commands have left.
  const run = (folder: string, program: string, ...args: string[]): string =>
    execFileSync(program, args, { cwd: join(work, folder), env, encoding: 'utf8' }).trimEnd();
  const touchedBy = (folder: string, commit: string): string[] =>
    run(folder, 'git', 'diff', '--name-only', `${commit}^`, commit).split('\n');

  it('brings the fix of October into the template, where the name is a variable again', () => {
    const source = 'templates/base/files/README.md.hbs';
    expect(run('team-template', 'git', 'diff', '--name-only', 'v3.0.0', 'v4.0.0')).toBe(source);
    const added = run('team-template', 'git', 'diff', '--unified=0', 'v3.0.0', 'v4.0.0').match(/^\+[^+].*$/gm);
    expect(added).toEqual(['+uv run {{project_name}} --help  # every command']);
  });

  it('has nothing left to merge for it: that sync moves the lock alone', () => {
    const subject = '^mlsys sync: .* to template v4.0.0$';
    const commit = run('shop', 'git', 'log', '--first-parent', '--format=%H', `--grep=${subject}`);
    expect(touchedBy('shop', commit)).toEqual(['.mlsys/lock.json']);
    expect(run('shop', 'git', 'show', `${commit}:README.md`)).toContain('\nuv run bazaar --help  # every command\n');
  });

  it('gives a lock to a project that has none, with what differs as edits', () => {
    expect(touchedBy('old-shop', 'HEAD')).toEqual(['.mlsys/lock.json', '.mlsys/manifest.json']);
    const { template, files } = JSON.parse(run('old-shop', 'mlsys', 'status', '--json')) as Status;
    expect(template).toMatchObject({ source: '../team-template', version: 'v4.0.0' });
    expect(files.filter(({ state }) => state !== 'as template')).toEqual([
      { path: 'pyproject.toml', state: 'edited' },
      { path: 'src/bazaar/prices.py', state: 'added' },
    ]);
  });

  it('brings an edit of a scratch project into the branch, which then moves the lock alone', () => {
    const path = 'conf/risk/default.yaml';
    expect(touchedBy('risk-template', 'HEAD')).toEqual([`branches/risk/files/${path}`]);
    expect(run('risk-template', 'git', 'show', `HEAD:branches/risk/files/${path}`)).toContain('learning_rate: 0.002');
    expect(touchedBy('risk-scratch', 'HEAD')).toEqual(['.mlsys/lock.json']);
    expect(run('risk-scratch', 'mlsys', 'diff')).toBe('');
  });
});
