import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtCli } from '../../helpers/cli.js';
import { packageRoot } from '../../helpers/context.js';
import { base, gitOf, type Life, lines, startLife, workTree } from '../../helpers/lifecycle.js';
import { writeProgram } from '../../helpers/tiny-project.js';

const v1 = base({ 'a.txt': lines(), 'b.txt': lines({ 1: 'b' }) });
const v2 = base({ 'a.txt': lines({ 15: 'theirs' }), 'new.txt': 'new\n' });

/** The built command line, in a process of its own. */
const cli = (life: Life, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawn(process.execPath, [builtCli, ...args], {
    cwd: life.project,
    env: { ...life.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

async function ended(child: ReturnType<typeof cli>): Promise<{ code: number | null; err: string }> {
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  return { code, err };
}

const lock = '.git/mlsys/running.lock';
const patient = { timeout: 120_000, interval: 20 };

describe('two at once in one project', () => {
  it('take turns: the second waits and then finds nothing to do', async () => {
    const life = await startLife(v1);
    life.release('v2.0.0', v2);
    const bin = join(life.root, 'bin');
    const go = join(life.root, 'go');
    const held = `case "$1" in read-tree) while ! test -e '${go}'; do sleep 0.05; done;; esac`;
    writeProgram(bin, 'git', `${held}\nPATH=\${PATH#*:} exec git "$@"`);
    const slow = ended(cli(life, ['sync'], { PATH: `${bin}:${life.env.PATH}` }));
    await expect.poll(() => existsSync(join(life.project, lock)), patient).toBe(true);
    const waits = cli(life, ['sync']);
    let said = '';
    waits.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const end = ended(waits);
    await expect.poll(() => said, patient).toContain('waiting for another mlsys');
    writeFileSync(go, '');
    expect(await slow).toMatchObject({ code: 0 });
    const second = await end;
    expect(second.code).toBe(0);
    expect(second.err).toContain('up to date');
    expect(life.git('rev-list', '--count', '--first-parent', 'HEAD')).toBe('2');
    expect(existsSync(join(life.project, lock))).toBe(false);
  });

  it.each([
    ['of a process that is gone', '999999999'],
    ['of a process with this one’s number, as in a container', String(process.pid)],
    ['that its process had no time to write', ''],
  ])('are not kept apart by a lock %s', async (_, text) => {
    const life = await startLife(v1);
    life.release('v2.0.0', v2);
    life.write({ [lock]: text, '.git/index.lock': '' });
    utimesSync(join(life.project, lock), 1, 1);
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(0);
    expect(err).toContain('was stopped here before it changed anything');
    expect(life.git('status', '--porcelain')).toBe('');
  });
});

describe('a disk that is full', () => {
  const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

  it.skipIf(!canMount)('stops an update with a word, and takes back what was written', async () => {
    const big = (n: number): string => `${n} ${'x'.repeat(200_000)}\n`;
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`big${i}.txt`, big(i)]));
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }), ...files }));
    const before = workTree(life.project);
    // The disk is mounted in a namespace of the script, so what is to be looked at afterwards is printed by it.
    const script = `
      set -e
      mount -t tmpfs -o size=3m tmpfs ${life.root}/disk
      cp -a ${life.project} ${life.root}/disk/p
      ln -s ${life.template} ${life.root}/disk/template
      cd ${life.root}/disk/p
      set +e
      ${process.execPath} ${builtCli} sync --from ../template >&2; echo "exit $?"
      dd if=/dev/zero of=../fill bs=1k count=1 2>/dev/null && rm ../fill
      git status --porcelain; git fsck --no-dangling 2>&1; find . -path ./.git -prune -o -type f -print | sort; cat a.txt
      mount -o remount,size=60m ${life.root}/disk
      ${process.execPath} ${builtCli} sync --from ../template >&2; echo "exit $?"; git status --porcelain; ls | wc -l`;
    mkdirSync(join(life.root, 'disk'));
    const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script], { env: life.env, encoding: 'utf8' });
    expect(stderr).toMatch(/No space left|no space left|make room/);
    const paths = Object.keys(before)
      .sort()
      .map((path) => `./${path}\n`)
      .join('');
    expect(stdout).toBe(`exit 1\n${paths}${lines({ 5: 'mine' })}exit 0\n21\n`);
  });
});

describe('what may not be written', () => {
  const nobody = 65534;
  const isRoot = process.getuid?.() === 0;

  /** Runs the command line as somebody who is not root, for whom permissions hold. */
  function asNobody(life: Life, ...args: string[]) {
    const owner = isRoot ? { uid: nobody, gid: nobody } : {};
    const env = { ...life.env, GIT_CONFIG_COUNT: '1' };
    return spawnSync(process.execPath, [join(life.root, 'cli', 'dist', 'mlsys.js'), ...args], {
      cwd: life.project,
      env,
      encoding: 'utf8',
      ...owner,
    });
  }

  function give(folder: string): void {
    if (!isRoot) return;
    chownSync(folder, nobody, nobody);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) give(path);
      else chownSync(path, nobody, nobody);
    }
  }

  it.each([
    ['a folder of the project', 'docs', 0o555],
    ['git’s own folder', '.git', 0o555],
  ])('is named, and nothing is lost: %s', async (_, path, mode) => {
    const life = await startLife(base({ 'a.txt': lines(), 'docs/d.txt': lines({ 1: 'd' }) }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }), 'docs/d.txt': lines({ 1: 'd', 5: 'theirs' }) }));
    const before = workTree(life.project);
    // This repository may lie where nobody else can read.
    for (const part of ['dist', 'package.json'])
      cpSync(join(packageRoot, part), join(life.root, 'cli', part), { recursive: true });
    chmodSync(life.root, 0o755);
    give(life.root);
    chmodSync(join(life.project, path), mode);
    const first = asNobody(life, 'sync');
    chmodSync(join(life.project, path), 0o755);
    expect(first.status).toBe(1);
    expect(first.stderr).toMatch(/error: .*(denied|read-only|unable to)/i);
    expect(workTree(life.project)).toEqual(before);
    const second = asNobody(life, 'sync');
    expect({ status: second.status, stderr: second.stderr }).toMatchObject({ status: 0 });
    expect(
      gitOf(life.project, { ...life.env, GIT_CONFIG_PARAMETERS: "'safe.directory=*'" })('status', '--porcelain'),
    ).toBe('');
  });
});
