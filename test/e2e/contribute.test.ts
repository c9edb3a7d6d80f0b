import { mkdirSync, readFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  gitOf,
  base,
  baseManifest,
  branch,
  type Changes,
  type Life,
  snapshot,
  startLife,
  workTree,
} from '../helpers/lifecycle.js';

const pkg = 'src/{{package_name}}';
const lines = (changes: Readonly<Record<number, string>> = {}): string =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${changes[n] ?? `line ${n}`}\n`).join('');
const questions = `questions:
  description: {default: Scores of loans, help: One line}
python:
  dependencies: ["a>=1", "b>=2"]
once: ["data/**"]
when:
  - {files: ["hidden.txt"], if: "description == nothing"}
`;
const template: Changes = {
  ...baseManifest(questions),
  ...base({
    'README.md.hbs': '# {{project_name}}\n\n{{md description}}\n\nHow to run it:\n\n    uv run {{project_name}} demo\n',
    'pyproject.toml.hbs':
      '[project]\nname = {{toml project_name}}\ndependencies = [\n{{#each dependencies}}\n    {{toml this}},\n{{/each}}\n]\n\n[tool.x]\nline = 120\n',
    'doc.txt': lines(),
    'hidden.txt': 'hidden\n',
    'old.txt': 'old\n',
    'run.sh': 'echo\n',
    'logo.bin': { text: '\0\u0001binary', mode: '100644' },
    'data/sample.csv': 'a\n1\n',
    'ci.yml.hbs': 'name: {{project_name}}\non: $\\{{ github.ref }}\n',
    [`${pkg}/__init__.py`]: 'x = 1\n',
    [`${pkg}/core.py`]: lines(),
    'tests/test_core.py.hbs': 'import {{package_name}}\n\n\ndef test_x():\n    assert {{package_name}}.x == 1\n',
  }),
  ...branch('forest', { [`${pkg}/forest/__init__.py`]: 'trees = 3\n', 'conf/forest.yaml': 'depth: 3\n' }),
};
const start = (): Promise<Life> => startLife(template, { args: ['--branch', 'forest'] });

interface Entry {
  readonly path: string;
  readonly action: string;
  readonly layer: string;
  readonly source: string;
}

interface Report {
  readonly branch?: string;
  readonly entries: readonly Entry[];
  readonly leftOut: readonly { readonly path: string; readonly line?: number; readonly reason: string }[];
}

async function contribute(
  life: Life,
  ...args: string[]
): Promise<Report & { readonly code: number; readonly err: string }> {
  const { code, out, err } = await life.mlsys('contribute', '--json', ...args);
  const report = out === '' ? { entries: [], leftOut: [] } : (JSON.parse(out) as Report);
  return { ...report, code, err };
}

const show = (life: Life, ref: string, path: string): string => life.templateGit('show', `${ref}:${path}`);

describe('a change of the project', () => {
  interface Case {
    readonly title: string;
    readonly edit: Changes;
    readonly args?: readonly string[];
    /** What stands in the template then. */
    readonly sources: Readonly<Record<string, string | undefined>>;
  }
  const files = 'templates/base/files';
  const cases: readonly Case[] = [
    {
      title: 'in a plain file goes to it',
      edit: { 'doc.txt': lines({ 3: 'three' }) },
      sources: { [`${files}/doc.txt`]: lines({ 3: 'three' }) },
    },
    {
      title: 'in a rendered file keeps the variables',
      edit: {
        'README.md': '# my-project\n\nScores of loans\n\nHow to run it, my-project:\n\n    uv run my-project demo\n',
      },
      sources: {
        [`${files}/README.md.hbs`]:
          '# {{project_name}}\n\n{{md description}}\n\nHow to run it, {{project_name}}:\n\n    uv run {{project_name}} demo\n',
      },
    },
    {
      title: 'beside a list of the manifests goes to the template',
      edit: {
        'pyproject.toml':
          '[project]\nname = "my-project"\ndependencies = [\n    "a>=1",\n    "b>=2",\n]\n\n[tool.x]\nline = 88\n',
      },
      sources: {
        [`${files}/pyproject.toml.hbs`]:
          '[project]\nname = {{toml project_name}}\ndependencies = [\n{{#each dependencies}}\n    {{toml this}},\n{{/each}}\n]\n\n[tool.x]\nline = 88\n',
      },
    },
    {
      title: 'in a branch’s file goes to the branch',
      edit: { 'src/my_project/forest/__init__.py': 'trees = 4\n', 'conf/forest.yaml': 'depth: 4\n' },
      sources: {
        [`branches/forest/files/${pkg}/forest/__init__.py`]: 'trees = 4\n',
        'branches/forest/files/conf/forest.yaml': 'depth: 4\n',
      },
    },
    {
      title: 'that adds a file puts it where its folder belongs',
      edit: {
        'src/my_project/forest/deep/oak.py': 'oak = 1\n',
        'src/my_project/new.py': 'y = 2\n',
        'notes.md': 'Notes\n',
      },
      sources: {
        [`branches/forest/files/${pkg}/forest/deep/oak.py`]: 'oak = 1\n',
        [`${files}/${pkg}/new.py`]: 'y = 2\n',
        [`${files}/notes.md`]: 'Notes\n',
      },
    },
    {
      title: 'that adds a test makes it a template, as it names the package',
      edit: { 'tests/test_new.py': 'from my_project.core import y\n' },
      sources: {
        [`${files}/tests/test_new.py.hbs`]: 'from {{package_name}}.core import y\n',
        [`${files}/tests/test_new.py`]: undefined,
      },
    },
    {
      title: 'that adds a file with a name of the project has a variable in its path',
      edit: { 'tests/test_my_project.py': 'x = 1\n', 'deploy/my-project.service': 'x\n' },
      sources: {
        [`${files}/tests/test_{{package_name}}.py`]: 'x = 1\n',
        [`${files}/deploy/{{project_name}}.service`]: 'x\n',
      },
    },
    {
      title: 'that names the package makes a plain file a template',
      edit: { 'src/my_project/core.py': `from my_project import x\n${lines()}` },
      sources: {
        [`${files}/${pkg}/core.py.hbs`]: `from {{package_name}} import x\n${lines()}`,
        [`${files}/${pkg}/core.py`]: undefined,
      },
    },
    {
      title: 'that adds a file goes to the layer that is named',
      edit: { 'notes.md': 'Notes\n' },
      args: ['--layer', 'forest'],
      sources: { 'branches/forest/files/notes.md': 'Notes\n', [`${files}/notes.md`]: undefined },
    },
    {
      title: 'that renames a file moves it',
      edit: { 'src/my_project/core.py': undefined, 'src/my_project/kernel.py': lines({ 9: 'nine' }) },
      sources: { [`${files}/${pkg}/kernel.py`]: lines({ 9: 'nine' }), [`${files}/${pkg}/core.py`]: undefined },
    },
    {
      title: 'that deletes a file deletes it where it is named',
      edit: { 'old.txt': undefined },
      args: ['old.txt'],
      sources: { [`${files}/old.txt`]: undefined },
    },
    {
      title: 'of a mode goes along',
      edit: { 'run.sh': { text: 'echo\n', mode: '100755' } },
      sources: { [`${files}/run.sh`]: 'echo\n' },
    },
    {
      title: 'of bytes goes along',
      edit: { 'logo.bin': '\0\u0001other' },
      sources: { [`${files}/logo.bin`]: '\0\u0001other' },
    },
    {
      title: 'with braces of GitHub is escaped in a template',
      edit: { 'ci.yml': 'name: my-project\non: ${{ github.ref }}\nif: ${{ github.x }}\n' },
      sources: { [`${files}/ci.yml.hbs`]: 'name: {{project_name}}\non: $\\{{ github.ref }}\nif: $\\{{ github.x }}\n' },
    },
    {
      title: 'in a file that is the project’s own goes along where it is named',
      edit: { 'data/sample.csv': 'a\n2\n' },
      args: ['data/sample.csv'],
      sources: { [`${files}/data/sample.csv`]: 'a\n2\n' },
    },
  ];

  it.each(cases)(
    '$title, and after the template took it sync only moves the lock',
    async ({ edit, args = [], sources }) => {
      const life = await start();
      life.edit(edit);
      const before = snapshot(life.template);
      const dry = await contribute(life, '--to', '../template', '--dry-run', ...args);
      expect(snapshot(life.template)).toEqual(before);
      const report = await contribute(life, '--to', '../template', '--branch', 'mine', ...args);
      expect(report).toMatchObject({ code: 0, err: '', leftOut: [], branch: 'mine' });
      expect(report.entries).toEqual(dry.entries);
      for (const [path, text] of Object.entries(sources)) {
        const found = life.templateGit('ls-tree', 'mine', path) === '' ? undefined : `${show(life, 'mine', path)}\n`;
        expect([path, found]).toEqual([path, text?.includes('\0') ? `${text}\n` : text]);
      }
      expect(life.templateGit('status', '--porcelain')).toBe('');
      expect(workTree(life.template)).toEqual(
        Object.fromEntries(Object.entries(before).filter(([path]) => !path.startsWith('.git/'))),
      );
      life.templateGit('merge', '--quiet', '--ff-only', 'mine');
      life.templateGit('tag', 'v2.0.0');
      expect(await life.mlsys('sync', '--to', 'v2.0.0')).toMatchObject({ code: 0 });
      const touched = life.git('diff', '--name-only', 'HEAD^', 'HEAD').split('\n');
      expect(touched.filter((path) => !path.startsWith('.mlsys/'))).toEqual([]);
      expect(await contribute(life, '--to', '../template')).toMatchObject({ code: 0, entries: [], leftOut: [] });
    },
  );
});

describe('what can’t be brought back is listed', () => {
  it.each<[string, Changes, string, RegExp, number?]>([
    [
      'an answer of the project’s own',
      { 'README.md': '# My house\n\nScores of loans\n\nHow to run it:\n\n    uv run my-project demo\n' },
      'README.md',
      /value of \{\{project_name\}\}/,
      1,
    ],
    [
      'a package in the list of the manifests',
      {
        'pyproject.toml':
          '[project]\nname = "my-project"\ndependencies = [\n    "a>=1",\n    "aa>=1",\n    "b>=2",\n]\n\n[tool.x]\nline = 120\n',
      },
      'pyproject.toml',
      /dependencies of the layers/,
      5,
    ],
    ['a deleted file that nobody named', { 'old.txt': undefined }, 'old.txt', /name it to delete it/],
    ['a file that is the project’s own', { 'data/sample.csv': 'a\n2\n' }, 'data/sample.csv', /from the first day/],
    ['a file that the template has for other answers', { 'hidden.txt': 'mine\n' }, 'hidden.txt', /for other answers/],
    ['a file that would be rendered', { 'a.hbs': 'x\n' }, 'a.hbs', /ends in .hbs/],
  ])('%s, and nothing is written', async (_, edit, path, reason, line) => {
    const life = await start();
    life.edit(edit);
    const before = snapshot(life.template);
    const { code, leftOut, entries } = await contribute(life, '--to', '../template');
    expect(leftOut).toEqual([
      { path, reason: expect.stringMatching(reason) as string, ...(line === undefined ? {} : { line }) },
    ]);
    expect({ code, entries }).toEqual({ code: 1, entries: [] });
    expect(snapshot(life.template)).toEqual(before);
  });

  it('and what can be is brought back all the same', async () => {
    const life = await start();
    life.edit({
      'README.md': '# My house\n\nScores of loans\n\nHow to run this:\n\n    uv run my-project demo\n',
      'old.txt': undefined,
      'doc.txt': lines({ 2: 'two' }),
    });
    const { code, leftOut, entries } = await contribute(life, '--to', '../template', '--branch', 'mine');
    expect(code).toBe(0);
    expect(leftOut.map(({ path, line }) => [path, line])).toEqual([
      ['README.md', 1],
      ['old.txt', undefined],
    ]);
    expect(entries.map(({ path }) => path)).toEqual(['README.md', 'doc.txt']);
    expect(show(life, 'mine', 'templates/base/files/README.md.hbs')).toMatch(
      /^# \{\{project_name\}\}\n[^]*How to run this:/,
    );
  });

  it('a line that names the project in a file that can be no template; other lines of it go along', async () => {
    const life = await startLife({ ...template, ...base({ 'page.j2': 'a\n{{ title }}\nb\nc\n' }) });
    life.edit({ 'page.j2': 'A\n{{ title }}\nb\nc\nby my-project\n', 'new.j2': '{{ x }} of my-project\n' });
    const { leftOut } = await contribute(life, '--to', '../template', '--branch', 'mine');
    const reason = 'it names the project, and a file with "{{" in it can’t be a template';
    expect(leftOut).toEqual([
      { path: 'new.j2', reason },
      { path: 'page.j2', line: 5, reason },
    ]);
    expect(show(life, 'mine', 'templates/base/files/page.j2')).toBe('A\n{{ title }}\nb\nc');
  });

  it('what is the project’s alone, though it was named', async () => {
    const life = await start();
    const { leftOut } = await contribute(life, '.mlsys/lock.json', '--to', '../template');
    expect(leftOut).toEqual([{ path: '.mlsys/lock.json', reason: 'it belongs to this project alone' }]);
  });

  it('secrets, the lock of packages and what git ignores are never taken', async () => {
    const life = await start();
    life.write({
      '.gitignore': 'ignored/\n',
      'ignored/x': 'x\n',
      '.env': 'KEY=1\n',
      'uv.lock': 'version = 1\n',
      'conf/.env': 'KEY=1\n',
    });
    const { entries, leftOut } = await contribute(life, '--to', '../template', '--dry-run');
    expect(entries.map(({ path }) => path)).toEqual(['.gitignore']);
    expect(leftOut).toEqual([]);
  });
});

describe('a template that moved on', () => {
  it('keeps its own changes', async () => {
    const life = await start();
    life.edit({ 'doc.txt': lines({ 2: 'two' }), 'README.md': `${life.read('README.md')}\nMore of my-project\n` });
    life.release(
      'v2.0.0',
      base({
        'doc.txt': lines({ 8: 'eight' }),
        'README.md.hbs':
          '# {{project_name}}!\n\n{{md description}}\n\nHow to run it:\n\n    uv run {{project_name}} demo\n',
      }),
    );
    const { leftOut } = await contribute(life, '--to', '../template', '--branch', 'mine');
    expect(leftOut).toEqual([]);
    expect(`${show(life, 'mine', 'templates/base/files/doc.txt')}\n`).toBe(lines({ 2: 'two', 8: 'eight' }));
    expect(show(life, 'mine', 'templates/base/files/README.md.hbs')).toBe(
      '# {{project_name}}!\n\n{{md description}}\n\nHow to run it:\n\n    uv run {{project_name}} demo\n\nMore of {{project_name}}',
    );
  });

  it('has a file left out that it changed in the same place, and no other', async () => {
    const life = await start();
    life.edit({ 'doc.txt': lines({ 2: 'mine', 8: 'mine' }), 'run.sh': 'echo mine\n' });
    life.release('v2.0.0', base({ 'doc.txt': lines({ 2: 'theirs' }) }));
    const { leftOut, entries } = await contribute(life, '--to', '../template', '--branch', 'mine');
    expect(leftOut).toEqual([
      { path: 'doc.txt', reason: expect.stringContaining('the template changed it too') as string },
    ]);
    expect(entries.map(({ path }) => path)).toEqual(['run.sh']);
    expect(`${show(life, 'mine', 'templates/base/files/doc.txt')}\n`).toBe(lines({ 2: 'theirs' }));
  });

  it('gets the change where it has the file now', async () => {
    const life = await start();
    life.edit({ 'doc.txt': lines({ 2: 'mine' }) });
    life.release('v2.0.0', base({ 'doc.txt': undefined, 'docs/guide.txt': lines() }));
    const { entries } = await contribute(life, 'doc.txt', '--to', '../template', '--branch', 'mine');
    expect(entries.map(({ source }) => source)).toEqual(['templates/base/files/docs/guide.txt']);
  });
});

describe('the target', () => {
  it('takes changes that are not committed yet, and the project stays as it is', async () => {
    const life = await start();
    life.write({ 'doc.txt': lines({ 4: 'four' }), 'fresh.txt': 'fresh\n' });
    const before = snapshot(life.project);
    const { entries } = await contribute(life, '--to', '../template', '--branch', 'mine');
    expect(entries.map(({ path }) => path)).toEqual(['doc.txt', 'fresh.txt']);
    expect(snapshot(life.project)).toEqual(before);
  });

  it('takes a change of the same size in the second after it was staged', async () => {
    const life = await start();
    life.write({ 'doc.txt': lines({ 4: 'four 1' }) });
    life.git('add', '--all');
    life.write({ 'doc.txt': lines({ 4: 'four 2' }) });
    await setTimeout(1100);
    await contribute(life, '--to', '../template', '--branch', 'mine');
    expect(show(life, 'mine', 'templates/base/files/doc.txt')).toBe(lines({ 4: 'four 2' }).trimEnd());
  });

  it('gets nothing of repositories that lie in the project, whatever they are', async () => {
    const life = await start();
    life.write({ 'odd name\n.txt': 'odd\n', ':(top)x.txt': 'x\n', 'inner/file': 'x\n' });
    gitOf(join(life.project, 'inner'), life.env)('init', '--quiet');
    const { entries, leftOut } = await contribute(life, '--to', '../template', '--branch', 'mine');
    expect(entries.map(({ path }) => path)).toEqual([':(top)x.txt']);
    expect(leftOut).toEqual([
      { path: 'odd name\n.txt', reason: expect.stringContaining('control character') as string },
    ]);
  });

  it('must have the branches of the project in its last commit', async () => {
    const life = await start();
    life.edit({ 'doc.txt': lines({ 4: 'four' }) });
    life.templateGit('rm', '-r', '--quiet', 'branches/forest');
    life.templateGit('commit', '--quiet', '--message', 'No forest');
    const { code, err } = await contribute(life);
    expect(code).toBe(1);
    expect(err).toMatch(/has no branch forest[^]*commit the branch there first/);
  });

  it('may be told of a project in a folder of a larger repository', async () => {
    const life = await start();
    rmSync(join(life.project, '.git'), { recursive: true });
    const whole = life.in(life.root);
    whole.write({ '.gitignore': '/home\n/template\n', 'other.txt': 'other\n' });
    whole.git('init', '--quiet');
    whole.git('add', '--all');
    whole.git('commit', '--quiet', '--message', 'Everything');
    life.write({ 'doc.txt': lines({ 4: 'four' }), 'notes.md': 'Notes\n' });
    whole.write({ 'other.txt': 'changed\n' });
    const { entries } = await contribute(life, '--to', '../template', '--branch', 'mine');
    expect(entries.map(({ path }) => path)).toEqual(['doc.txt', 'notes.md']);
  });

  it('is the folder that the project came from, if none is named; the branch says what it holds', async () => {
    const life = await start();
    life.edit({ 'doc.txt': lines({ 4: 'four' }) });
    const first = await contribute(life);
    expect(first.branch).toMatch(/^contribute\/my-project-[0-9a-f]{8}$/);
    expect(await contribute(life)).toMatchObject({ code: 0, branch: first.branch });
    expect(life.templateGit('log', '-1', '--format=%an %s', first.branch ?? '')).toBe(
      'Ada Take changes from my-project',
    );
  });

  it('keeps what is under way in its work tree', async () => {
    const life = await start();
    const draft = join(life.template, 'templates/base/files/doc.txt');
    life.edit({ 'doc.txt': lines({ 4: 'four' }) });
    life.in(life.template).write(base({ 'doc.txt': lines({ 7: 'draft' }) }));
    await contribute(life, '--branch', 'mine', '--title', 'A title');
    expect(readFileSync(draft, 'utf8')).toBe(lines({ 7: 'draft' }));
    expect(`${show(life, 'mine', 'templates/base/files/doc.txt')}\n`).toBe(lines({ 4: 'four' }));
    expect(life.templateGit('log', '-1', '--format=%s', 'mine')).toBe('A title');
  });

  it('gets variables, whatever the bytes of its pictures say', async () => {
    const life = await startLife({ ...template, ...base({ 'logo.bin': '\0 my-project \0' }) });
    life.edit({ 'notes.md': 'About my-project\n' });
    await contribute(life, '--branch', 'mine');
    expect(show(life, 'mine', 'templates/base/files/notes.md.hbs')).toBe('About {{project_name}}');
  });

  it('has words pointed out that may be the name of the project', async () => {
    const life = await startLife({ ...template, ...base({ 'words.txt': 'what my-project means\n' }) });
    life.edit({ 'notes.md': 'About my-project\n' });
    const { err } = await life.mlsys('contribute', '--dry-run');
    expect(err).toMatch(/\+ templates\/base\/files\/notes\.md +says "my-project" in new lines/);
  });

  it('has no branch overwritten', async () => {
    const life = await start();
    life.edit({ 'doc.txt': lines({ 4: 'four' }) });
    const { code, err } = await contribute(life, '--branch', 'main');
    expect(code).toBe(1);
    expect(err).toContain('the branch main is there already');
  });

  it('may be a folder without git, which is written into', async () => {
    const life = await startLife(template, { plainTemplate: true });
    life.edit({
      'doc.txt': lines({ 4: 'four' }),
      'tests/test_core.py': undefined,
      'tests/test_b.py': 'import my_project\n',
    });
    const { code, branch } = await contribute(life, 'doc.txt', 'tests');
    expect({ code, branch }).toEqual({ code: 0, branch: undefined });
    const files = join(life.template, 'templates/base/files');
    expect(readFileSync(join(files, 'doc.txt'), 'utf8')).toBe(lines({ 4: 'four' }));
    expect(readFileSync(join(files, 'tests/test_b.py.hbs'), 'utf8')).toBe('import {{package_name}}\n');
    expect(existsSync(join(files, 'tests/test_core.py.hbs'))).toBe(true);
    expect((await life.mlsys('sync')).code).toBe(0);
  });

  it('without the base has what belongs to the base left out', async () => {
    const life = await start();
    const other = join(life.root, 'other');
    mkdirSync(other);
    const git = gitOf(other, life.env);
    git('init', '--quiet');
    life.in(other).write(branch('forest', { [`${pkg}/forest/__init__.py`]: 'trees = 3\n' }));
    git('add', '--all');
    git('commit', '--quiet', '--message', 'Start');
    life.edit({ 'src/my_project/forest/__init__.py': 'trees = 4\n', 'src/my_project/extra.py': 'x = 1\n' });
    const { entries, leftOut } = await contribute(
      life,
      'src/my_project/forest',
      'src/my_project/extra.py',
      '--to',
      other,
    );
    expect(entries.map(({ layer }) => layer)).toEqual(['forest']);
    expect(leftOut).toEqual([
      { path: 'src/my_project/extra.py', reason: expect.stringContaining('base of mlsys') as string },
    ]);
  });

  it.each([
    ['no template is there', ['--to', '.'], 'is not in a template repository'],
    ['no folder is there', ['--to', '../nowhere'], 'nowhere is no folder'],
    [
      'a path is mistyped',
      ['dok.txt', 'doc.txt', '--to', '../template'],
      'neither the project nor its template has dok.txt',
    ],
    ['a path is outside of the project', ['../template', '--to', '../template'], 'outside of the project'],
    ['the branch has no name that git takes', ['--to', '../template', '--branch', 'a..b'], 'no name for a git branch'],
    ['nothing was changed', ['--to', '../template'], 'nothing to contribute'],
  ])('says so where %s', async (_, args, said) => {
    const life = await start();
    expect((await life.mlsys('contribute', ...args)).err).toContain(said);
  });

  it('is told how to go on', async () => {
    const life = await start();
    life.edit({ 'doc.txt': lines({ 4: 'four' }), 'old.txt': undefined });
    const { err } = await life.mlsys('contribute', '--branch', 'mine');
    expect(err).toContain('~ templates/base/files/doc.txt');
    expect(err).toContain('! old.txt  it was deleted');
    expect(err).toMatch(/git -C \S+ merge mine/);
    life.templateGit('remote', 'add', 'origin', 'https://example.org/t.git');
    expect((await life.mlsys('contribute', '--branch', 'mine')).err).toMatch(/already[^]*push -u origin mine/);
  });
});
