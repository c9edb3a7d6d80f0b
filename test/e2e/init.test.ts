import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/context.js';
import { snapshot } from '../helpers/lifecycle.js';
import {
  bareEnvironment,
  clone,
  launch,
  makeBare,
  makeTemplate,
  publishTo,
  release,
  startLauncher,
} from '../helpers/published.js';
import { runCli } from '../helpers/run-cli.js';
import { git, writeFiles, writeProgram } from '../helpers/tiny-project.js';

const shared = mkdtempSync(join(tmpdir(), 'mlsys-published-'));
beforeAll(async () => {
  const [template, bare] = [makeTemplate(join(shared, 'template')), makeBare(join(shared, 'bare'))];
  const { exitCode, stderr } = await publishTo(bare, template);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
});
afterAll(() => rmSync(shared, { recursive: true, force: true }));

/** A clone of the small template's branch. */
const makeClone = (name = 'my-app', ...flags: string[]): string =>
  clone(`file://${join(shared, 'bare')}`, 'agents-system', name, ...flags);

const init = (cwd: string, ...args: string[]) => launch(cwd, ['init', ...args, '--no-setup'], bareEnvironment());
const text = (root: string, path: string): string => readFileSync(join(root, path), 'utf8');
const refs = (root: string): string => git(root, 'for-each-ref', '--format=%(refname)');

function commit(root: string, message: string): void {
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '--message', message);
}

describe('mlsys init', () => {
  test('takes the name of the folder, and any answer', () => {
    const project = makeClone('named-so');
    expect(init(project, '--set', 'package_name=other_package')).toMatchObject({ exitCode: 0 });
    expect(text(project, 'README.md')).toContain('# named-so');
    expect(text(project, 'tests/test_agents.py')).toBe('from other_package.agents import agent\n');
    expect(existsSync(join(project, 'src/other_package/agents.py'))).toBe(true);
    expect(git(project, 'status', '--porcelain')).toBe('');
  });

  test('comes to a clone of which status lists nothing of the copy that it carries', () => {
    const project = makeClone();
    writeFiles(project, { 'mine.txt': 'mine\n' });
    const { exitCode, stdout } = launch(project, ['status', '--json', '--all'], bareEnvironment());
    expect(exitCode).toBe(0);
    const { files } = JSON.parse(stdout) as { files: { path: string; state: string }[] };
    expect(files.filter(({ path }) => path.startsWith('.mlsys/cli/'))).toEqual([]);
    expect(files).toContainEqual({ path: 'mine.txt', state: 'added' });
    expect(files).toContainEqual({ path: 'README.md', state: 'as template' });
  });

  test('leaves nothing of the clone behind but its address', () => {
    const project = makeClone();
    git(project, 'branch', 'also', 'origin/main');
    expect(init(project)).toMatchObject({ exitCode: 0 });
    expect(refs(project)).toBe('refs/heads/main');
    expect(git(project, 'config', '--get-regexp', '^(remote|branch)\\.').split('\n')).toEqual([
      expect.stringMatching(/^remote\.upstream\.url /),
      'remote.upstream.fetch +refs/heads/*:refs/remotes/upstream/*',
    ]);
    expect(existsSync(join(project, '.git/mlsys/cli'))).toBe(false);
  });

  test('says what to do next to whoever calls it again, and refuses another name', () => {
    const project = makeClone();
    expect(init(project, 'my-app')).toMatchObject({ exitCode: 0 });
    const folder = temporaryFolder();
    cpMlsys(folder);
    const env = bareEnvironment([folder]);
    expect(launch(project, ['my-app', '--no-setup'], env)).toMatchObject({ exitCode: 0 });
    expect(launch(project, ['init', 'other'], env)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('is the project my-app already') as string,
    });
  });

  test('works in a clone without history', () => {
    const project = makeClone('shallow', '--depth=1');
    expect(init(project)).toMatchObject({ exitCode: 0 });
    expect(git(project, 'rev-list', '--all', '--count')).toBe('1');
    git(project, 'fsck', '--strict');
  });

  test('leaves files alone that git does not know', () => {
    const project = makeClone();
    writeFiles(project, { 'notes.txt': 'mine\n', 'src/my_project/scratch.py': 'mine\n' });
    expect(init(project)).toMatchObject({ exitCode: 0 });
    expect(text(project, 'notes.txt')).toBe('mine\n');
    expect(text(project, 'src/my_project/scratch.py')).toBe('mine\n');
  });

  test.each<[string, (root: string) => void, RegExp]>([
    [
      'changes that are not committed',
      (root) => writeFileSync(join(root, 'README.md'), 'mine\n'),
      /has changes that are not committed\n {2}README\.md/,
    ],
    [
      'commits of its own',
      (root) => {
        writeFileSync(join(root, 'mine.txt'), 'mine\n');
        commit(root, 'My work');
      },
      /has commits of its own, which would be lost\n {2}\w+ My work/,
    ],
    [
      'commits on another branch',
      (root) => {
        git(root, 'switch', '--quiet', '--create', 'side');
        writeFileSync(join(root, 'mine.txt'), 'mine\n');
        commit(root, 'Aside');
        git(root, 'switch', '--quiet', 'agents-system');
      },
      /which would be lost\n {2}\w+ Aside/,
    ],
    [
      'something in the stash',
      (root) => {
        writeFileSync(join(root, 'README.md'), 'mine\n');
        git(root, 'stash', '--quiet');
      },
      /which would be lost\n {2}\w+ WIP on agents-system/,
    ],
    [
      'a file in the way of one of its own',
      (root) => writeFiles(root, { 'src/my_app/core.py': 'mine\n' }),
      /src\/my_app\/core\.py is in the way/,
    ],
  ])('refuses a clone with %s and changes nothing', (_, prepare, message) => {
    const project = makeClone();
    prepare(project);
    const before = [refs(project), git(project, 'status', '--porcelain'), git(project, 'rev-parse', 'HEAD')];
    const { exitCode, stderr } = init(project);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect([refs(project), git(project, 'status', '--porcelain'), git(project, 'rev-parse', 'HEAD')]).toEqual(before);
  });

  test('refuses a clone whose published branch was edited', () => {
    const bare = join(temporaryFolder(), 'bare');
    cpSync(join(shared, 'bare'), bare, { recursive: true });
    const project = clone(bare, 'agents-system', 'my-app');
    writeFileSync(join(project, 'README.md'), 'by hand\n');
    commit(project, 'By hand');
    git(project, 'push', '--quiet', 'origin', 'agents-system');
    expect(init(project)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /not as its template renders it\n {2}README\.md: edited[^]*--keep-history/,
      ) as string,
    });
  });

  test.each([
    ['a name that no project can have', ['init', 'My Project'], /can't be the name of a project/],
    ['a command that was mistyped', ['stauts'], /there is no command stauts[^]*did you mean status\?/],
    ['an answer that nobody asked for', ['my-app', '--set', 'colour=red'], /no question is named "colour"/],
  ])('refuses %s', (_, args, message) => {
    const project = makeClone();
    const { exitCode, stderr } = launch(project, args, bareEnvironment());
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(git(project, 'status', '--porcelain')).toBe('');
    expect(git(project, 'symbolic-ref', 'HEAD')).toBe('refs/heads/agents-system');
  });

  test('an `upstream` of the person stays theirs', () => {
    const project = makeClone();
    git(project, 'remote', 'add', 'upstream', 'https://example.com/theirs.git');
    expect(init(project)).toMatchObject({ exitCode: 0 });
    expect(git(project, 'remote')).toBe('origin\nupstream');
    expect(git(project, 'remote', 'get-url', 'upstream')).toBe('https://example.com/theirs.git');
  });
});

describe('mlsys init --dry-run', () => {
  const read = (out: string): InitReport => JSON.parse(out) as InitReport;

  test.each<[string, (root: string) => void, readonly string[], readonly string[]]>([
    ['of an untouched clone', () => undefined, [], []],
    [
      'of a clone with edits',
      (root) => {
        writeFiles(root, {
          'src/my_project/own.py': 'own = 1\n',
          'README.md': '# The best my-project\n\nOne.\n\nTwo.\n\nThree.\n\nFour.\n',
        });
        commit(root, 'Mine');
      },
      ['--keep-history'],
      ['README.md'],
    ],
  ])('%s changes no byte, and shows the plan that is then applied', (_, prepare, flags, conflicts) => {
    const project = makeClone();
    prepare(project);
    const before = snapshot(project);
    const dry = init(project, 'my-app', '--dry-run', '--json', ...flags);
    expect(dry).toMatchObject({ exitCode: 0, stderr: '' });
    expect(snapshot(project)).toEqual(before);
    const real = init(project, 'my-app', '--json', ...flags);
    expect(real.exitCode).toBe(conflicts.length === 0 ? 0 : 1);
    expect(read(real.stdout)).toEqual({ ...read(dry.stdout), dryRun: false });
    expect(read(real.stdout)).toMatchObject({
      command: 'init',
      upToDate: false,
      branches: ['agents'],
      answers: { project_name: 'my-app', package_name: 'my_app' },
      keptHistory: flags.length > 0,
      upstream: true,
      conflicts,
    });
    const moved = { path: 'src/my_app/core.py', action: 'move', from: 'src/my_project/core.py' };
    expect(read(real.stdout).entries).toContainEqual(moved);
    expect(read(real.stdout).entries.filter(({ path }) => path.startsWith('.mlsys/'))).toEqual([]);
  });

  test('is a plan to read without --json', () => {
    const project = makeClone();
    const { exitCode, stdout, stderr } = init(project, 'my-app', '--dry-run');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toMatch(
      /^my-app: main \+ agents, [^]*~ README\.md[^]*nothing was changed; `mlsys init` would do this$/m,
    );
    expect(stderr).not.toContain('Next:');
  });

  test('refuses what init refuses', () => {
    const project = makeClone();
    writeFileSync(join(project, 'README.md'), 'mine\n');
    const { exitCode, stderr } = init(project, '--dry-run');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('has changes that are not committed');
  });

  test('of a project that is there already has nothing to do', async () => {
    const project = makeClone();
    expect(init(project)).toMatchObject({ exitCode: 0 });
    const { exitCode, stdout } = await runCli(['init', '--dry-run', '--json'], { cwd: project });
    expect(exitCode).toBe(0);
    expect(read(stdout)).toMatchObject({ dryRun: true, upToDate: true, entries: [], conflicts: [] });
  });
});

interface InitReport {
  readonly dryRun: boolean;
  readonly entries: readonly { readonly path: string }[];
}

/** An installed mlsys. */
const cpMlsys = (folder: string): string =>
  writeProgram(folder, 'mlsys', `exec node ${join(import.meta.dirname, '../../bin/mlsys.js')} "$@"`);

describe('mlsys init --keep-history', () => {
  test('is one commit on top of the clone', () => {
    const project = makeClone();
    const before = git(project, 'rev-parse', 'HEAD');
    expect(init(project, '--keep-history')).toMatchObject({ exitCode: 0 });
    expect(git(project, 'log', '--format=%H', '--max-count=1', '--skip=1')).toBe(before);
    expect(git(project, 'symbolic-ref', '--short', 'HEAD')).toBe('agents-system');
    expect(refs(project).split('\n')).toEqual([
      'refs/heads/agents-system',
      'refs/remotes/upstream/agents-system',
      'refs/remotes/upstream/main',
    ]);
    expect(git(project, 'rev-parse', '--abbrev-ref', '@{upstream}')).toBe('upstream/agents-system');
    expect(git(project, 'status', '--porcelain')).toBe('');
    expect(existsSync(join(project, '.mlsys/cli'))).toBe(false);
  });

  test('keeps edits, and moves them along with the package', () => {
    const project = makeClone();
    writeFiles(project, {
      'src/my_project/core.py': 'a = 1\nb = 2\nc = "mine"\nd = 4\ne = 5\n',
      'src/my_project/own.py': 'own = 1\n',
      'README.md': '# my-project\n\nOne.\n\nTwo.\n\nThree.\n\nFour, mine.\n',
    });
    commit(project, 'Mine');
    const { exitCode, stderr } = init(project, 'my-app', '--keep-history');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(text(project, 'src/my_app/core.py')).toBe('a = 1\nb = 2\nc = "mine"\nd = 4\ne = 5\n');
    expect(text(project, 'src/my_app/own.py')).toBe('own = 1\n');
    expect(text(project, 'README.md')).toBe('# my-app\n\nOne.\n\nTwo.\n\nThree.\n\nFour, mine.\n');
    expect(git(project, 'log', '--format=%s').split('\n')).toContain('Mine');
    expect(git(project, 'status', '--porcelain')).toBe('');
  });

  test('leaves an edit of the very line that holds the name as a conflict', () => {
    const project = makeClone();
    writeFileSync(join(project, 'README.md'), '# The best my-project\n\nOne.\n\nTwo.\n\nThree.\n\nFour.\n');
    commit(project, 'Mine');
    const { exitCode, stderr } = init(project, 'my-app', '--keep-history');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/README\.md[^]*sync --continue/);
    expect(git(project, 'diff', '--name-only', '--diff-filter=U')).toBe('README.md');
    writeFileSync(join(project, 'README.md'), '# The best my-app\n');
    git(project, 'add', 'README.md');
    const folder = temporaryFolder();
    cpMlsys(folder);
    expect(launch(project, ['sync', '--continue'], bareEnvironment([folder]))).toMatchObject({ exitCode: 0 });
    expect(git(project, 'status', '--porcelain')).toBe('');
    expect(existsSync(join(project, 'src/my_app/agents.py'))).toBe(true);
  });

  test('refuses uncommitted changes of a file that it would rewrite', () => {
    const project = makeClone();
    writeFileSync(join(project, 'README.md'), 'mine\n');
    expect(init(project, '--keep-history')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('README.md has changes that are not committed') as string,
    });
    expect(text(project, 'README.md')).toBe('mine\n');
  });
});

describe('a project that was made from a published branch', () => {
  test('takes updates of the template with mlsys sync', async () => {
    const [template, bare] = [makeTemplate(), makeBare()];
    await publishTo(bare, template);
    const project = clone(bare, 'agents-system', 'my-app');
    expect(init(project)).toMatchObject({ exitCode: 0 });
    writeFiles(template, {
      'templates/base/files/src/{{package_name}}/core.py': 'a = "new"\nb = 2\nc = 3\nd = 4\ne = 5\n',
    });
    release(template, 'v1.1.0');
    const folder = temporaryFolder();
    cpMlsys(folder);
    const { exitCode, stderr } = launch(project, ['sync'], bareEnvironment([folder]));
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(text(project, 'src/my_app/core.py')).toContain('"new"');
    expect(git(project, 'status', '--porcelain')).toBe('');
  });
});

describe('kill -9', () => {
  test('at any moment leaves what ./mlsys <name> brings to its end', async () => {
    const seed = makeClone('seed');
    const done = join(temporaryFolder(), 'done');
    cpSync(seed, done, { recursive: true });
    const env = bareEnvironment();
    const folder = temporaryFolder();
    cpMlsys(folder);
    const installed = bareEnvironment([folder]);
    const started = Date.now();
    expect(launch(done, ['my-app', '--no-setup'], env)).toMatchObject({ exitCode: 0 });
    const whole = Date.now() - started;
    const wanted = git(done, 'rev-parse', 'HEAD^{tree}');

    const ended = { early: 0, half: 0, late: 0 };
    for (let round = 0; round < 15; round++) {
      const project = join(temporaryFolder(), 'project');
      cpSync(seed, project, { recursive: true });
      mkdirSync(join(project, 'own'));
      writeFileSync(join(project, 'own', 'notes.txt'), 'mine\n');
      const child = startLauncher(project, ['my-app', '--no-setup'], env);
      const exit = once(child, 'exit');
      // A quarter anywhere, the rest where files and refs are being written: some of them at once, however fast the others end.
      if (round % 4 === 0) await sleep(Math.random() * whole);
      else {
        while (!existsSync(join(project, '.git/mlsys/journal.json')) && child.exitCode === null) await sleep(1);
        if (round % 4 !== 1) await sleep(Math.random() * whole * 0.25);
      }
      child.kill('SIGKILL');
      await exit;
      const state = stateOf(project);
      ended[state]++;
      const again = launch(project, ['my-app', '--no-setup'], state === 'late' ? installed : env);
      expect({ round, state, ...again }).toMatchObject({ exitCode: 0 });
      expect(git(project, 'rev-parse', 'HEAD^{tree}')).toBe(wanted);
      expect(git(project, 'status', '--porcelain')).toBe('?? own/');
      expect(text(project, 'own/notes.txt')).toBe('mine\n');
      expect(refs(project)).toBe('refs/heads/main');
      expect(git(project, 'remote')).toBe('upstream');
      expect(existsSync(join(project, '.git/mlsys/journal.json'))).toBe(false);
      git(project, 'fsck', '--strict');
    }
    expect(ended.half).toBeGreaterThan(0);
  });
});

/** Whether the project is still a clone, on its way, or there. */
function stateOf(project: string): 'early' | 'half' | 'late' {
  if (existsSync(join(project, '.git/mlsys/journal.json'))) return 'half';
  return existsSync(join(project, '.mlsys/cli/bin/mlsys.js')) ? 'early' : 'late';
}
