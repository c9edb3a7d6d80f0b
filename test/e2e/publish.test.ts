import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/context.js';
import {
  bareEnvironment,
  builtinBranches,
  clone,
  launch,
  makeBare,
  makeTemplate,
  publishTo,
  release,
} from '../helpers/published.js';
import { runCli } from '../helpers/run-cli.js';
import { git, writeFiles, writeProgram } from '../helpers/tiny-project.js';

const published = (bare: string): string => git(bare, 'for-each-ref', '--format=%(refname:short) %(objectname)');
const subjects = (bare: string, ref: string, ...flags: string[]): string[] =>
  git(bare, 'log', '--format=%s', ...flags, ref).split('\n');

describe('git clone -b <branch> and ./mlsys <name>, with the network off', () => {
  test.each(builtinBranches())('$published becomes what `mlsys new` makes', async ({ layer, published: name }) => {
    const repository = await publishBuiltin();
    const project = clone(repository, name, 'my-agent-project');
    const env = bareEnvironment();
    const { exitCode, stderr } = launch(project, ['my-agent-project'], env);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(stderr).toContain('set-up is left for later, there is no network');

    const beside = temporaryFolder();
    const branch = layer === 'main' ? [] : ['--branch', layer];
    await runCli(['new', 'my-agent-project', '--yes', '--no-setup', ...branch], { cwd: beside });
    expect(git(project, 'ls-tree', '-r', 'HEAD')).toBe(git(join(beside, 'my-agent-project'), 'ls-tree', '-r', 'HEAD'));

    expect(git(project, 'status', '--porcelain', '--ignored')).toBe('');
    expect(git(project, 'rev-list', '--all', '--count')).toBe('1');
    expect(git(project, 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(git(project, 'remote', '-v')).toBe(`upstream\t${repository} (fetch)\nupstream\t${repository} (push)`);
    expect(existsSync(join(project, '.mlsys', 'cli'))).toBe(false);
    expect(existsSync(join(project, 'src', 'my_project'))).toBe(false);
    git(project, 'fsck', '--strict');

    const status = await runCli(['status', '--json'], { cwd: project });
    const { files } = JSON.parse(status.stdout) as { files: { state: string }[] };
    expect(new Set(files.map(({ state }) => state))).toEqual(new Set(['as template']));
    expect((await runCli(['sync', '--check'], { cwd: project })).exitCode).toBe(0);
  });

  test('afterwards ./mlsys runs the installed mlsys, else the one of npm', async () => {
    const project = clone(await publishBuiltin(), 'main', 'later');
    launch(project, ['later'], bareEnvironment());
    const alone = launch(project, ['status'], bareEnvironment());
    expect(alone).toMatchObject({ exitCode: 1, stderr: 'error: mlsys is not installed: npm install -g mlsys\n' });

    const folder = temporaryFolder();
    writeProgram(folder, 'npx', 'echo npx "$@"');
    expect(launch(project, ['status', '--all'], bareEnvironment([folder])).stdout).toBe(
      'npx --yes mlsys status --all\n',
    );
    writeProgram(folder, 'mlsys', 'echo installed "$@"');
    expect(launch(project, ['status', 'a b'], bareEnvironment([project, folder])).stdout).toBe(
      'installed status a b\n',
    );
    expect(launch(temporaryFolder(), ['run'], bareEnvironment([folder]), join(project, 'mlsys')).stdout).toBe(
      'installed run\n',
    );
  });

  test('a command works in the clone before it has a name', async () => {
    const project = clone(await publishBuiltin(), 'main', 'early');
    const { exitCode, stdout } = launch(project, ['run'], bareEnvironment());
    expect(exitCode).toBe(0);
    expect(stdout).toContain('all-checks');
    expect(git(project, 'status', '--porcelain')).toBe('');
  });
});

async function publishBuiltin(): Promise<string> {
  const bare = makeBare();
  const { exitCode, stderr } = await publishTo(bare);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return bare;
}

describe('mlsys branch publish', () => {
  test('writes main, and each branch on top of it, with a launcher and a copy of mlsys', async () => {
    const bare = makeBare();
    const dry = await publishTo(bare, makeTemplate(), '--dry-run', '--json');
    expect(published(bare)).toBe('');
    const template = makeTemplate();
    const real = await publishTo(bare, template, '--json');
    const trees = ({ stdout }: { stdout: string }) =>
      (JSON.parse(stdout) as { branches: Record<string, unknown>[] }).branches.map(({ branch, action, files }) => ({
        branch,
        action,
        files,
      }));
    expect(trees(real)).toEqual(trees(dry));
    expect(trees(real).map(({ branch }) => branch)).toEqual(['main', 'agents-system']);
    expect(subjects(bare, 'agents-system')).toEqual(['Publish agents-system v1.0.0', 'Publish main v1.0.0']);
    const listed = git(bare, 'ls-tree', '-r', 'agents-system');
    expect(listed).toMatch(/^100755 blob \w+\tmlsys$/m);
    expect(listed).toMatch(/^100644 blob \w+\t\.mlsys\/cli\/dist\/mlsys\.js$/m);
    expect(listed).toContain('.mlsys/cli/branches/agents/branch.yaml');
    expect(git(bare, 'show', 'main:README.md')).toContain('# my-project');
  });

  test('is a no-op the second time', async () => {
    const [bare, template] = [makeBare(), makeTemplate()];
    await publishTo(bare, template);
    const before = published(bare);
    const { exitCode, stderr } = await publishTo(bare, template);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('nothing to publish');
    expect(published(bare)).toBe(before);
  });

  test('adds a commit to main and merges it into each branch, whose tree is what the template renders', async () => {
    const [bare, template] = [makeBare(), makeTemplate()];
    await publishTo(bare, template);
    const [main, agents] = [git(bare, 'rev-parse', 'main'), git(bare, 'rev-parse', 'agents-system')];
    writeFiles(template, {
      'templates/base/files/src/{{package_name}}/core.py': 'a = 1\nb = 20\nc = 3\nd = 4\ne = 5\n',
    });
    release(template, 'v1.1.0');
    expect((await publishTo(bare, template)).exitCode).toBe(0);
    expect(git(bare, 'rev-list', `${main}..main`, '--count')).toBe('1');
    expect(git(bare, 'merge-base', 'main', 'agents-system')).toBe(git(bare, 'rev-parse', 'main'));
    expect(git(bare, 'merge-base', agents, 'agents-system')).toBe(agents);
    expect(subjects(bare, 'agents-system', '--first-parent')[0]).toMatch(
      /^(Merge branch 'main'|Publish agents-system)/,
    );

    const fresh = makeBare();
    await publishTo(fresh, template);
    for (const name of ['main', 'agents-system']) {
      expect(git(bare, 'rev-parse', `${name}^{tree}`)).toBe(git(fresh, 'rev-parse', `${name}^{tree}`));
    }
  });

  test('a change of one branch goes forward on that branch', async () => {
    const [bare, template] = [makeBare(), makeTemplate()];
    await publishTo(bare, template);
    const before = git(bare, 'rev-parse', 'agents-system');
    writeFiles(template, { 'branches/agents/files/src/{{package_name}}/agents.py': 'agent = False\n' });
    release(template, 'v1.1.0');
    await publishTo(bare, template);
    expect(git(bare, 'show', 'agents-system:src/my_project/agents.py')).toBe('agent = False');
    expect(git(bare, 'merge-base', before, 'agents-system')).toBe(before);
  });

  test.each([
    ['git merge upstream/main', ['merge', '--quiet', '--no-edit', 'origin/main']],
    ['git rebase main', ['rebase', '--quiet', 'origin/main']],
  ])('a custom branch takes an update with plain %s', async (_, update) => {
    const [bare, template] = [makeBare(), makeTemplate()];
    await publishTo(bare, template);
    const work = clone(bare, 'agents-system', 'work');
    git(work, 'switch', '--quiet', '--create', 'mine');
    writeFiles(work, { 'src/my_project/core.py': 'a = 1\nb = 2\nc = 3\nd = 4\ne = "mine"\n', 'mine.txt': 'mine\n' });
    git(work, 'add', '--all');
    git(work, 'commit', '--quiet', '--message', 'Mine');
    writeFiles(template, {
      'templates/base/files/src/{{package_name}}/core.py': 'a = "new"\nb = 2\nc = 3\nd = 4\ne = 5\n',
    });
    release(template, 'v1.1.0');
    await publishTo(bare, template);
    git(work, 'fetch', '--quiet', 'origin');
    git(work, ...update);
    expect(readFileSync(join(work, 'src/my_project/core.py'), 'utf8')).toBe(
      'a = "new"\nb = 2\nc = 3\nd = 4\ne = "mine"\n',
    );
    expect(existsSync(join(work, 'src/my_project/agents.py'))).toBe(true);
    expect(git(work, 'status', '--porcelain')).toBe('');
  });

  test('never overwrites what somebody else committed', async () => {
    const [bare, template] = [makeBare(), makeTemplate()];
    await publishTo(bare, template);
    const work = clone(bare, 'main', 'work');
    writeFileSync(join(work, 'README.md'), 'by hand\n');
    git(work, 'commit', '--quiet', '--all', '--message', 'By hand');
    git(work, 'push', '--quiet', 'origin', 'main');
    const before = published(bare);
    const { exitCode, stderr } = await publishTo(bare, template);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/has commits that mlsys did not publish[^]*main: \w+ By hand/);
    expect(published(bare)).toBe(before);
  });

  test('refuses a folder that has one of the branches checked out, and changes nothing in it', async () => {
    const folder = temporaryFolder();
    git(folder, 'init', '--quiet', '--initial-branch=main');
    const { exitCode, stderr } = await publishTo(folder, makeTemplate());
    expect(exitCode).toBe(1);
    expect(stderr).toContain('main is checked out in');
    expect(published(folder)).toBe('');
    git(folder, 'symbolic-ref', 'HEAD', 'refs/heads/work');
    expect((await publishTo(folder, makeTemplate())).exitCode).toBe(0);
    expect(published(folder)).toMatch(/agents-system \w+\nmain \w+/);
  });

  test.each([
    ['a folder without a repository', (folder: string) => folder, /is no git repository/],
    ['a folder that is not there', (folder: string) => join(folder, 'nowhere'), /is no git repository/],
    ['a protocol that runs programs', () => 'ext::sh -c true', /git’s remote helpers run programs/],
    ['an option', () => '--upload-pack=x', /argument missing|can't be a template|begins with/],
  ])('refuses %s', async (_, to, message) => {
    const folder = temporaryFolder();
    const { exitCode, stderr } = await runCli(['branch', 'publish', `--to=${to(folder)}`], { cwd: folder });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
  });

  test('refuses a template whose files are not all committed', async () => {
    const template = makeTemplate();
    writeFiles(template, { 'branches/agents/files/new.txt': 'new\n' });
    const { exitCode, stderr } = await publishTo(makeBare(), template);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is not all in a commit');
  });

  test('names the address of the template in the lock, so that a project finds updates', async () => {
    const [bare, template] = [makeBare(), makeTemplate()];
    git(template, 'remote', 'add', 'origin', 'https://somebody:secret@example.com/template.git');
    await publishTo(bare, template);
    const lock = JSON.parse(git(bare, 'show', 'main:.mlsys/lock.json')) as { template: Record<string, string> };
    expect(lock.template).toEqual({
      source: 'https://example.com/template.git',
      version: 'v1.0.0',
      commit: git(template, 'rev-parse', 'HEAD'),
    });
  });

  test('the launcher is an executable file of every new project', async () => {
    const folder = temporaryFolder();
    await runCli(['new', 'p', '--yes', '--no-setup'], { cwd: folder });
    expect(statSync(join(folder, 'p', 'mlsys')).mode & 0o111).not.toBe(0);
    expect(git(join(folder, 'p'), 'status', '--porcelain')).toBe('');
  });
});
