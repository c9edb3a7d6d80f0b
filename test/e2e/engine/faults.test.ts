import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  base,
  baseManifest,
  branch,
  type Changes,
  lines,
  requirements,
  runCommand,
  snapshot,
  startLife,
  workTree,
} from '../../helpers/lifecycle.js';
import { writeProgram } from '../../helpers/tiny-project.js';

// The faults that people report of other tools, each as what a person sees here.
describe('what goes wrong elsewhere', () => {
  it('1. keeps edits of a file that the template renames', async () => {
    const life = await startLife(base({ 'old.txt': lines() }));
    life.edit({ 'old.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'old.txt': undefined, 'new.txt': lines({ 15: 'theirs' }) }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(0);
    expect(err).toContain('from old.txt');
    expect(life.read('new.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
    expect(life.exists('old.txt')).toBe(false);
  });

  it('2. lets an update follow a file that the person renamed', async () => {
    const life = await startLife(base({ 'old.txt': lines() }));
    life.edit({ 'old.txt': undefined, 'mine/new.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'old.txt': lines({ 15: 'theirs' }) }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(0);
    expect(err).not.toContain('you deleted it');
    expect(life.read('mine/new.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
    expect(life.exists('old.txt')).toBe(false);
  });

  it('1 and 2. reports lines that both changed in a file that one of them renamed', async () => {
    const life = await startLife(base({ 'a.txt': lines(), 'b.txt': lines({ 1: 'b' }) }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }), 'b.txt': undefined, 'b2.txt': lines({ 1: 'b', 5: 'mine' }) });
    life.release(
      'v2.0.0',
      base({ 'a.txt': undefined, 'a2.txt': lines({ 5: 'theirs' }), 'b.txt': lines({ 1: 'b', 5: 'theirs' }) }),
    );
    const { code } = await life.mlsys('sync');
    expect(code).toBe(1);
    for (const path of ['a2.txt', 'b2.txt']) {
      expect(life.read(path)).toContain('<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template v2.0.0\n');
    }
  });

  it('3. shows every one of several conflicts in a file', async () => {
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ 'a.txt': lines({ 3: 'mine 3', 10: 'mine 10', 18: 'mine 18' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 3: 'their 3', 10: 'their 10', 18: 'their 18' }) }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('1 conflict to settle');
    expect(life.read('a.txt').match(/^<<<<<<< yours$/gm)).toHaveLength(3);
    for (const n of [3, 10, 18]) expect(life.read('a.txt')).toContain(`mine ${n}\n=======\ntheir ${n}\n`);
  });

  it('4. lists every file with conflict markers, however many there are', async () => {
    const names = Array.from({ length: 70 }, (_, i) => `f${i}.txt`);
    const all = (text: string) => Object.fromEntries(names.map((name) => [name, `${text} ${name}\n`]));
    const life = await startLife(base(all('first')));
    life.edit(all('mine'));
    life.release('v2.0.0', base(all('theirs')));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    for (const name of names) expect(err).toContain(`! ${name} `);
    expect((await life.mlsys('sync')).err.match(/conflict: /g)).toHaveLength(70);
    expect(JSON.parse((await life.mlsys('status', '--json')).out).conflicts).toHaveLength(70);
  });

  it('5. does not move the version before the conflict is settled, and moves it then', async () => {
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ 'a.txt': lines({ 3: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 3: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(1);
    expect(life.git('show', 'HEAD:.mlsys/lock.json')).toContain('"version": "v1.0.0"');
    expect((await life.mlsys('sync', '--continue')).err).toContain('conflicts are left');
    life.git('add', 'a.txt');
    expect((await life.mlsys('sync', '--continue')).err).toContain('conflict markers are left');
    life.write({ 'a.txt': lines({ 3: 'both' }) });
    life.git('add', 'a.txt');
    expect((await life.mlsys('sync', '--continue')).code).toBe(0);
    expect(life.git('show', 'HEAD:.mlsys/lock.json')).toContain('"version": "v2.0.0"');
    expect((await life.mlsys('sync')).err).toContain('up to date with template v2.0.0');
    expect(life.git('status', '--porcelain')).toBe('');
  });

  it('6. merges with no conflict though the former version can’t be rendered any more', async () => {
    const life = await startLife({ ...baseManifest(), ...base({ 'a.txt': lines() }) });
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    // The former commit is gone, and so is the cache: only the project's own history knows the baseline.
    rmSync(join(life.template, '.git'), { recursive: true });
    life.templateGit('init', '--quiet');
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }) }));
    const { code, err } = await life.mlsys('sync');
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
  });

  it('7. merges after the project’s history was squashed and collected', async () => {
    const life = await startLife(base({ 'a.txt': lines(), 'b.txt': 'as it was\n' }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    life.git('checkout', '--quiet', '--orphan', 'squashed');
    life.git('commit', '--quiet', '--message', 'All at once');
    life.git('branch', '--quiet', '-D', 'main');
    life.git('reflog', 'expire', '--expire=now', '--all');
    life.git('gc', '--quiet', '--prune=now');
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
  });

  it('8. finds no edits in a project that was just made', async () => {
    const life = await startLife(base({ 'a.txt': lines(), 'src/{{package_name}}/x.py': 'x = 1\n' }));
    const { files } = JSON.parse((await life.mlsys('status', '--json')).out);
    expect(new Set(files.map(({ state }: { state: string }) => state))).toEqual(new Set(['as template']));
    life.release('v2.0.0', base({ 'a.txt': lines({ 1: 'theirs' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
  });

  it('9. makes a conflict of lines that merge into invalid TOML, with both versions', async () => {
    const table = (top: string, bottom: string): string =>
      `${top}[a]\nx = 1\n${lines().replaceAll('line ', '# ')}${bottom}`;
    const life = await startLife(base({ 'a.toml': table('', '') }));
    life.edit({ 'a.toml': table('[tool]\nmine = 1\n\n', '') });
    life.release('v2.0.0', base({ 'a.toml': table('', '\n[tool]\ntheirs = 1\n') }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('no valid TOML');
    const [, ours, theirs] =
      /^<<<<<<< yours\n(.*)=======\n(.*)>>>>>>> template v2.0.0\n$/s.exec(life.read('a.toml')) ?? [];
    expect(ours).toBe(table('[tool]\nmine = 1\n\n', ''));
    expect(theirs).toBe(table('', '\n[tool]\ntheirs = 1\n'));
    expect(life.git('ls-files', '--unmerged').split('\n')).toHaveLength(3);
  });

  it('10. leaves a file deleted that the person deleted, and takes away one that the template deletes', async () => {
    const life = await startLife(base({ 'mine.txt': lines(), 'theirs.txt': lines({ 1: 'x' }) }));
    life.edit({ 'mine.txt': undefined });
    life.release('v2.0.0', base({ 'mine.txt': lines({ 5: 'news' }), 'theirs.txt': undefined }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(0);
    expect(life.exists('mine.txt')).toBe(false);
    expect(life.exists('theirs.txt')).toBe(false);
    expect(err).toContain('mine.txt  keep: you deleted it');
    life.release('v3.0.0', base({ 'mine.txt': lines({ 6: 'more' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.exists('mine.txt')).toBe(false);
  });

  it('10. asks about a file that the template deletes and the person edited', async () => {
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': undefined }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('you changed it, the template deleted it');
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine' }));
  });

  it('11. touches nothing but the project in a folder of a larger repository', async () => {
    const life = await startLife(base({ 'a.txt': lines(), 'same.txt': 'same\n' }), { args: ['--no-git'] });
    const whole = life.root;
    writeFileSync(join(whole, '.gitignore'), 'home/\ntemplate/\n');
    mkdirSync(join(whole, 'other'));
    for (const path of ['a.txt', 'other/a.txt', 'other/same.txt'])
      writeFileSync(join(whole, path), 'not of the project\n');
    const top = life.in(whole);
    top.git('init', '--quiet');
    top.edit({}, 'Everything');
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    top.write({ 'other/a.txt': 'being worked on\n' });
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }), 'same.txt': undefined, 'b/c.txt': 'new\n' }));
    const { code } = await life.mlsys('sync');
    expect(code).toBe(0);
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
    expect(life.read('b/c.txt')).toBe('new\n');
    expect(top.read('a.txt')).toBe('not of the project\n');
    expect(top.read('other/same.txt')).toBe('not of the project\n');
    expect(top.read('other/a.txt')).toBe('being worked on\n');
    expect(top.git('status', '--porcelain')).toBe(' M other/a.txt');
  });

  it('12. leaves no folder behind when an answer names a folder', async () => {
    const life = await startLife(
      base({ 'src/{{package_name}}/__init__.py': '', 'src/{{package_name}}/a.py': lines() }),
    );
    life.edit({ 'src/my_project/a.py': lines({ 5: 'mine' }), 'src/my_project/deep/own.py': 'mine\n' });
    const { code } = await life.mlsys('configure', 'project_name=other', '--no-setup');
    expect(code).toBe(0);
    expect(readdirSync(join(life.project, 'src'))).toEqual(['other']);
    expect(life.read('src/other/a.py')).toBe(lines({ 5: 'mine' }));
    expect(life.read('src/other/deep/own.py')).toBe('mine\n');
    expect(life.read('src/other/__init__.py')).toBe('');
  });

  it('13. runs no task of the template while it merges', async () => {
    const tasks = 'tasks:\n  test: {command: touch ran, help: Test}\n  setup: {command: touch ran, help: Set up}\n';
    const life = await startLife({ ...baseManifest(tasks), ...base({ 'a.txt': lines() }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 5: 'theirs' }) }));
    for (const args of [['sync', '--dry-run'], ['sync', '--check'], ['sync']]) await life.mlsys(...args);
    expect(Object.keys(snapshot(life.root)).filter((path) => path.endsWith('/ran'))).toEqual([]);
  });

  it('14. gives mergetool the base and both sides', async () => {
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 5: 'theirs' }) }));
    await life.mlsys('sync');
    expect([1, 2, 3].map((stage) => `${life.git('show', `:${stage}:a.txt`)}\n`)).toEqual([
      lines(),
      lines({ 5: 'mine' }),
      lines({ 5: 'theirs' }),
    ]);
  });

  it('15. never reads what git ignores', async () => {
    const life = await startLife(base({ '.gitignore': '.venv/\n', 'a.txt': lines() }));
    life.write({ '.venv/lib/big.bin': 'x', '.venv/inner/.git/HEAD': 'broken' });
    life.release('v2.0.0', base({ 'a.txt': lines({ 5: 'theirs' }) }));
    const before = snapshot(join(life.project, '.venv'));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect((await life.mlsys('status')).out).not.toContain('.venv');
    expect(snapshot(join(life.project, '.venv'))).toEqual(before);
  });

  it('16. keeps the version of a package that the person chose, and a package away that they removed', async () => {
    const life = await startLife(base({ 'pyproject.toml': requirements('numpy>=1', 'pandas>=2', 'torch>=2.3') }));
    life.edit({ 'pyproject.toml': requirements('numpy>=1', 'torch==2.4.1') });
    life.release('v2.0.0', base({ 'pyproject.toml': requirements('numpy>=1', 'pandas>=2', 'torch>=2.3', 'zarr>=3') }));
    const { code } = await life.mlsys('sync');
    const merged = life.read('pyproject.toml');
    expect(merged).toContain('torch==2.4.1');
    if (code === 0) expect(merged).not.toMatch(/torch>=|pandas/);
    else expect(merged).toContain('<<<<<<< yours');
    expect(merged).toContain('zarr>=3');
  });

  it('16. makes a conflict of one package that both sides add in different versions, wherever they add it', async () => {
    const many = ['a>=1', 'b>=1', 'c>=1', 'd>=1', 'e>=1', 'f>=1', 'g>=1', 'h>=1'];
    const life = await startLife(base({ 'pyproject.toml': requirements(...many) }));
    life.edit({ 'pyproject.toml': requirements('torch==2.4.1', ...many) });
    life.release('v2.0.0', base({ 'pyproject.toml': requirements(...many, 'torch>=2.6') }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('both sides require torch');
  });

  it('17. leaves everything as it was when it fails', async () => {
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    life.write({ 'a.txt': lines({ 5: 'mine', 7: 'not committed' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }), 'new.txt': 'new\n' }));
    const before = workTree(life.project);
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toContain('a.txt has changes that are not committed');
    expect(workTree(life.project)).toEqual(before);
    expect(life.git('status', '--porcelain')).toBe(' M a.txt');
  });

  it.each<[string, Changes, RegExp]>([
    ['without a lock', { '.mlsys': undefined }, /is not inside a project made by mlsys[^]*hint: .*`mlsys new/],
    ['with an empty lock', { '.mlsys/lock.json': '' }, /lock\.json is no valid JSON[^]*hint: .*git checkout HEAD/],
    [
      'with a damaged lock',
      { '.mlsys/lock.json': '{"schema": 1}' },
      /lock\.json is damaged[^]*hint: .*git checkout HEAD/,
    ],
  ])('18. says why it can’t update a folder %s, and what brings the lock back', async (_, loss, reason) => {
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ ...loss, 'a.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }) }));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(1);
    expect(err).toMatch(reason);
    expect(err).toMatch(/hint: .*`mlsys adopt`/);
    expect(await life.mlsys('adopt')).toMatchObject({ code: 0 });
    expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
  });

  it('19. merges the next version after a pull request with the last one was squashed', async () => {
    const life = await startLife(base({ 'a.txt': lines() }));
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'two' }) }));
    life.git('checkout', '--quiet', '-b', 'update');
    expect((await life.mlsys('sync')).code).toBe(0);
    life.git('checkout', '--quiet', 'main');
    life.git('merge', '--quiet', '--squash', 'update');
    life.git('commit', '--quiet', '--message', 'Update, squashed');
    life.git('branch', '--quiet', '-D', 'update');
    life.git('reflog', 'expire', '--expire=now', '--all');
    life.git('gc', '--quiet', '--prune=now');
    life.release('v3.0.0', base({ 'a.txt': lines({ 15: 'three' }) }));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'three' }));
  });

  it('20. asks git as often for 300 files as for 3', async () => {
    const count = async (files: number): Promise<number> => {
      const all = (n: number) =>
        base(Object.fromEntries(Array.from({ length: files }, (_, i) => [`f${i}.txt`, lines({ 1: `f${i} v${n}` })])));
      const life = await startLife(all(1));
      life.release('v2.0.0', all(2));
      const log = join(life.root, 'calls');
      writeProgram(join(life.root, 'bin'), 'git', `echo >> ${log}\nPATH=\${PATH#*:} exec git "$@"`);
      const PATH = `${join(life.root, 'bin')}:${life.env.PATH}`;
      expect((await runCommand({ ...life.ctx, env: { ...life.env, PATH } }, ['sync'])).code).toBe(0);
      return readFileSync(log, 'utf8').length;
    };
    const [few, many] = [await count(3), await count(300)];
    expect(many).toBe(few);
    expect(many).toBeLessThan(30);
  });

  it('does not take a file of a new branch for one of the old branch, renamed', async () => {
    const brings = (name: string) => branch(name, { [`${name}/core.py`]: lines({ 1: name }) });
    const life = await startLife(
      { ...base({ 'a.txt': 'a\n' }), ...brings('forest'), ...brings('meadow') },
      {
        args: ['--branch', 'forest'],
      },
    );
    life.edit({ 'forest/core.py': lines({ 1: 'forest', 10: 'mine' }) });
    const { code, err } = await life.mlsys('switch', 'meadow', '--no-setup');
    expect(code).toBe(1);
    expect(err).toContain('you changed it, the template deleted it');
    expect(life.read('forest/core.py')).toBe(lines({ 1: 'forest', 10: 'mine' }));
    expect(life.read('meadow/core.py')).toBe(lines({ 1: 'meadow' }));
  });
});
