import { spawn } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtCli } from '../helpers/cli.js';
import { base, baseManifest, branch, gitOf, type Life, lines, startLife, workTree } from '../helpers/lifecycle.js';

const many = 150;
const each = (file: (n: number) => readonly [string, string]) =>
  Object.fromEntries(Array.from({ length: many }, (_, n) => file(n)));
const own = { 'untracked/mine.txt': 'mine, and in no commit\n', 'own/edited.txt': 'edited since\n' };

const template = {
  ...baseManifest(),
  ...base({
    ...each((n) => [`src/{{package_name}}/m${n}.py`, lines({ 1: `m${n}` })]),
    'README.md.hbs': '# {{project_name}}\n',
    thing: 'a file\n',
    'gone/x.txt': 'x\n',
  }),
  ...branch(
    'forest',
    each((n) => [`forest/f${n}.txt`, lines({ 1: `f${n}` })]),
  ),
};
const update = base({
  ...each((n) => [`src/{{package_name}}/m${n}.py`, lines({ 1: `m${n}`, 15: 'theirs' })]),
  ...each((n) => [`new/n${n}.txt`, `new ${n}\n`]),
  thing: undefined,
  'thing/x.txt': 'a folder\n',
  gone: undefined,
});

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  /** What the person did before. */
  readonly edits: Readonly<Record<string, string>>;
  readonly code: number;
}

const cases: readonly Case[] = [
  { title: 'sync', args: ['sync'], edits: { 'src/my_project/m1.py': lines({ 1: 'm1', 5: 'mine' }) }, code: 0 },
  {
    title: 'sync with conflicts',
    args: ['sync'],
    edits: { 'src/my_project/m1.py': lines({ 1: 'm1', 15: 'mine' }) },
    code: 1,
  },
  {
    title: 'switch',
    args: ['switch', 'forest', '--no-setup'],
    edits: { 'README.md': '# my-project\n\nMine\n' },
    code: 0,
  },
  {
    title: 'configure',
    args: ['configure', 'project_name=other', '--no-setup'],
    edits: { 'src/my_project/own.py': 'own\n' },
    code: 0,
  },
];

interface State {
  readonly files: Record<string, string>;
  readonly tree: string;
  readonly unmerged: string;
}

const stateOf = (life: Life): State => ({
  files: workTree(life.project),
  tree: life.git('rev-parse', 'HEAD^{tree}'),
  unmerged: life.git('ls-files', '--unmerged'),
});

/** The project once more, in a folder of its own, with work that is in no commit. */
function copyOf(life: Life, n: number): Life {
  const folder = join(life.root, `copy-${n}`);
  cpSync(life.project, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  const copy = life.in(folder);
  copy.write(own);
  return copy;
}

const start = (life: Life, args: readonly string[]) =>
  spawn(process.execPath, [builtCli, ...args], { cwd: life.project, env: life.env, stdio: 'ignore', detached: true });

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Timing {
  /** How long the whole command takes, and the part of it in which it writes, in milliseconds. */
  readonly whole: number;
  readonly writing: number;
}

async function timed(life: Life, args: readonly string[]): Promise<Timing & { readonly code: number | null }> {
  const began = performance.now();
  const child = start(life, args);
  let code: number | null | undefined;
  child.once('exit', (found) => (code = found));
  let writing = 0;
  const journal = join(life.project, '.git/mlsys/journal.json');
  for (let last = performance.now(); code === undefined; last = performance.now()) {
    await pause(1);
    if (existsSync(journal)) writing += performance.now() - last;
  }
  return { whole: performance.now() - began, writing, code };
}

/** Kills the command at some moment, and says which it was: every other time one in which it writes. */
async function killed(life: Life, args: readonly string[], { whole, writing }: Timing, n: number): Promise<string> {
  const child = start(life, args);
  let hasEnded = false;
  child.once('exit', () => (hasEnded = true));
  const inWriting = n % 2 === 1;
  const journal = join(life.project, '.git/mlsys/journal.json');
  while (inWriting && !hasEnded && !existsSync(journal)) await pause(1);
  const delay = Math.random() * (inWriting ? writing : whole);
  await pause(delay);
  const alone = n % 4 >= 2;
  try {
    process.kill(alone ? (child.pid ?? 0) : -(child.pid ?? 0), 'SIGKILL');
  } catch {
    // It had ended before.
  }
  while (!hasEnded) await pause(1);
  return `${alone ? 'node alone' : 'the whole group'}, ${delay.toFixed(1)} ms after ${inWriting ? 'it began to write' : 'its start'}`;
}

/** Moments for each of the cases: fifty in all, or many more where somebody asks for them. */
const moments = Math.max(50, Number(process.env.MLSYS_TEST_RUNS ?? 0)) / cases.length;

describe('kill -9', () => {
  it.each(cases)(
    'in the middle of $title loses no byte, and the next command brings it to before or after',
    async ({ args, edits, code }) => {
      const life = await startLife(template);
      life.edit({ ...edits, 'own/edited.txt': 'committed\n' });
      life.release('v2.0.0', update);
      // A folder template is found from each copy, since they lie beside each other.
      const reference = copyOf(life, 0);
      const before = stateOf(reference);
      const timing = await timed(reference, args);
      expect(timing.code).toBe(code);
      const after = stateOf(reference);
      expect(after).not.toEqual(before);
      for (let n = 1; n <= Math.ceil(moments); n++) {
        const copy = copyOf(life, n);
        const moment = await killed(copy, args, timing, n);
        const wasUnderWay = existsSync(join(copy.project, '.git/mlsys/journal.json'));
        const next = await copy.mlsys(
          ...(n % 3 === 0 ? ['status'] : n % 3 === 1 ? ['sync', '--check'] : ['sync', '--abort']),
        );
        const found = stateOf(copy);
        const isAborted = n % 3 === 2;
        expect([before, after], moment).toContainEqual(found);
        if (wasUnderWay) expect(next.err, moment).toContain(`\`mlsys ${args[0]}\` was interrupted here`);
        expect(copy.git('fsck', '--no-dangling'), moment).toBe('');
        expect(existsSync(join(copy.project, '.git/mlsys/rescued')), moment).toBe(false);
        const pending = found.unmerged !== '';
        expect(pending && isAborted, moment).toBe(false);
        const again = await copy.mlsys(...(pending ? ['sync', '--abort'] : args));
        expect({ code: again.code, err: again.err }, moment).toMatchObject({ code: pending ? 0 : code });
        expect(stateOf(copy), moment).toEqual(pending ? before : after);
        expect(gitOf(copy.project, life.env)('status', '--porcelain', '--', 'own', 'untracked'), moment).toBe(
          ' M own/edited.txt\n?? untracked/',
        );
        rmSync(copy.project, { recursive: true, force: true });
      }
    },
  );
});
