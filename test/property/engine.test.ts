import * as fc from 'fast-check';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linesOf, type Model, steps, take, treeOfLines } from '../helpers/histories.js';
import { base, branch, type Changes, type Life, startLife, workTree } from '../helpers/lifecycle.js';
import { runs } from '../helpers/runs.js';

/** What turns one tree into another. */
const difference = (from: Model, to: Model): Changes => ({
  ...Object.fromEntries([...from.keys()].filter((path) => !to.has(path)).map((path) => [path, undefined])),
  ...Object.fromEntries([...to].filter(([path, text]) => from.get(path) !== text)),
});

/** The files of the project as a model, without those of mlsys itself. */
const modelOf = (life: Life): Record<string, string> =>
  Object.fromEntries(Object.entries(workTree(life.project)).filter(([path]) => !path.startsWith('.mlsys/')));
const asWritten = (model: Model): Record<string, string> =>
  Object.fromEntries([...model].map(([path, text]) => [path, `644 ${Buffer.from(text).toString('latin1')}`]));

const stateOf = (life: Life) => ({
  files: workTree(life.project),
  head: life.git('rev-parse', 'HEAD'),
  index: life.git('ls-files', '--stage'),
  status: life.git('status', '--porcelain'),
});

/** A life in a folder of its own, with a template that is a plain folder: its versions are what it holds at the time. */
async function withLife(template: Model, more: Changes, live: (life: Life) => Promise<void>): Promise<void> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'mlsys-property-')));
  try {
    const files = base(Object.fromEntries(template));
    await live(await startLife({ ...files, ...more }, { root, plainTemplate: true }));
  } finally {
    rmSync(root, { recursive: true, force: true, maxRetries: 3 });
  }
}

const newVersion = (life: Life, from: Model, to: Model): void =>
  life.in(life.template).write(base(difference(from, to)));

function edit(life: Life, from: Model, to: Model): void {
  const changes = difference(from, to);
  if (Object.keys(changes).length > 0) life.edit(changes);
}

/** The same project once more, beside the first. */
function twin(life: Life): Life {
  const folder = join(life.root, 'twin');
  cpSync(life.project, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  return life.in(folder);
}

function check<T extends unknown[]>(
  given: readonly [...{ [K in keyof T]: fc.Arbitrary<T[K]> }],
  test: (...values: T) => Promise<void>,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(fc.tuple<T>(...given), (values) => test(...values)),
    runs(),
  );
}

const history = [treeOfLines, steps(), steps()] as const;

// Each case mostly waits for git.
describe.concurrent('for any template, edits and versions', { timeout: runs().numRuns * 10_000 }, () => {
  it('no line that the person added is lost, and a second sync finds nothing to do', () =>
    check(history, (first, ours, theirs) =>
      withLife(first, {}, async (life) => {
        const [mine, second] = [take(first, ours, 'mine'), take(first, theirs, 'news')];
        edit(life, first, mine);
        newVersion(life, first, second);
        const { code } = await life.mlsys('sync', '--json');
        const texts = Object.values(modelOf(life)).join('\n');
        const open = [...new Set(life.git('ls-files', '--unmerged', '-z').split('\0').slice(0, -1))];
        const kept = open.map((item) =>
          item.includes(' 2\t') ? life.git('cat-file', 'blob', item.split(' ')[1] ?? '') : '',
        );
        for (const line of linesOf(mine, 'mine')) expect(`${texts}\n${kept.join('\n')}`).toContain(line);
        expect(code).toBe(open.length > 0 ? 1 : 0);
        const marked = Object.entries(modelOf(life))
          .filter(([, text]) => text.includes('<<<<<<<'))
          .map(([path]) => path);
        expect(open.map((item) => item.slice(item.indexOf('\t') + 1))).toEqual(expect.arrayContaining(marked));
        if (code === 1) life.edit({}, 'Settled');
        const head = life.git('rev-parse', 'HEAD');
        expect(await life.mlsys('sync')).toMatchObject({ code: 0, err: expect.stringContaining('up to date') });
        expect(life.git('rev-parse', 'HEAD')).toBe(head);
      }),
    ));

  it('an untouched project becomes what the new version renders', () =>
    check([treeOfLines, steps()], (first, theirs) =>
      withLife(first, {}, async (life) => {
        const second = take(first, theirs, 'news');
        newVersion(life, first, second);
        expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
        expect(modelOf(life)).toEqual(asWritten(second));
      }),
    ));

  it('two versions at once give what they give one after the other, with edits in files that neither touches', () =>
    check([treeOfLines, steps(), steps(), steps(['insert', 'replace', 'drop'])], (first, one, two, ours) =>
      withLife(first, {}, async (life) => {
        const second = take(first, one, 'news');
        const third = take(second, two, 'news');
        const untouched = new Map(
          [...first].filter(([path, text]) => second.get(path) === text && third.get(path) === text),
        );
        edit(life, untouched, take(untouched, ours, 'mine'));
        if (untouched.size > 0) life.edit({ 'own/file.txt': 'mine\n' });
        const slow = twin(life);
        newVersion(life, first, second);
        expect(await slow.mlsys('sync')).toMatchObject({ code: 0 });
        newVersion(life, second, third);
        expect(await slow.mlsys('sync')).toMatchObject({ code: 0 });
        expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
        expect(workTree(life.project)).toEqual(workTree(slow.project));
      }),
    ));

  it('a dry run changes nothing and tells what is then done, and --abort restores every byte', () =>
    check([...history, fc.boolean()], (first, ours, theirs, noCommit) =>
      withLife(first, {}, async (life) => {
        edit(life, first, take(first, ours, 'mine'));
        newVersion(life, first, take(first, theirs, 'news'));
        life.write({ 'not/tracked.txt': 'x\n' });
        const before = stateOf(life);
        const dry = await life.mlsys('sync', '--dry-run', '--json');
        expect(stateOf(life)).toEqual(before);
        const flags = noCommit ? ['--no-commit'] : [];
        const { out, code } = await life.mlsys('sync', '--json', ...flags);
        expect({ ...JSON.parse(out), dryRun: true }).toEqual(JSON.parse(dry.out));
        if (code === 0 && (!noCommit || JSON.parse(out).upToDate)) return;
        expect(await life.mlsys('sync', '--abort')).toMatchObject({ code: 0 });
        expect(stateOf(life)).toEqual(before);
      }),
    ));

  it('adding a branch and removing it again changes nothing', () =>
    check([treeOfLines, treeOfLines, steps()], (first, brought, ours) => {
      const files = Object.fromEntries([...brought].map(([path, text]) => [`forest/${path}`, text]));
      return withLife(first, branch('forest', files), async (life) => {
        edit(life, first, take(first, ours, 'mine'));
        const before = workTree(life.project);
        expect(await life.mlsys('add', 'forest', '--no-setup')).toMatchObject({ code: 0 });
        expect(modelOf(life)).toMatchObject(asWritten(new Map(Object.entries(files))));
        expect(await life.mlsys('remove', 'forest', '--no-setup')).toMatchObject({ code: 0 });
        expect(workTree(life.project)).toEqual(before);
      });
    }));

  it('renaming the package moves every file, and renaming it back changes nothing', () =>
    check([treeOfLines, steps()], (first, ours) => {
      const inside = (model: Model, folder: string): Model =>
        new Map([...model].map(([path, text]) => [`${folder}/${path}`, text]));
      return withLife(inside(first, 'src/{{package_name}}'), {}, async (life) => {
        const mine = take(first, ours, 'mine');
        edit(life, inside(first, 'src/my_project'), inside(mine, 'src/my_project'));
        const before = workTree(life.project);
        expect(await life.mlsys('configure', 'package_name=other', '--no-setup')).toMatchObject({ code: 0 });
        expect(modelOf(life)).toEqual(asWritten(inside(mine, 'src/other')));
        expect(await life.mlsys('configure', 'package_name=my_project', '--no-setup')).toMatchObject({ code: 0 });
        expect(workTree(life.project)).toEqual(before);
      });
    }));
});
