import { execa } from 'execa';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { programsOnPath } from '../../src/adapters/exec.js';
import { builtCli, workplace } from '../helpers/cli.js';
import { packageRoot } from '../helpers/context.js';
import { makeRepository } from '../helpers/repository.js';
import type { GivenFiles } from '../helpers/template.js';
import { git, writeFiles, writeProgram } from '../helpers/tiny-project.js';

const workflowPath = join(packageRoot, 'templates/base/files/.github/workflows/sync.yml');
const variables = z.record(z.string(), z.string()).default({});
const { jobs } = z
  .object({
    jobs: z.object({
      sync: z.object({ env: variables, steps: z.array(z.object({ run: z.string().optional(), env: variables })) }),
    }),
  })
  .parse(parse(readFileSync(workflowPath, 'utf8')));

const lines = (changes: Readonly<Record<number, string>> = {}): string =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${changes[n] ?? `line ${n}`}\n`).join('');
const doc = 'templates/base/files/doc.txt';
const ci = 'templates/base/files/.github/workflows/ci.yml';
const firstVersion: GivenFiles = {
  'templates/base/layer.yaml': 'name: main\ntitle: Base\nsummary: A project\n',
  [doc]: lines(),
  [ci]: 'name: ci\n',
};

const machine = workplace();

/** A fake of `gh` that knows one pull request and writes down how it was called. */
const fakeGh = `printf '%s\\n' "$*" >> "$GH_FOLDER/log"
case "$1 $2" in
  "pr list") cat "$GH_FOLDER/open" 2> /dev/null || true ;;
  "pr close") rm "$GH_FOLDER/open" ;;
  "pr create") test ! -e "$GH_FOLDER/forbidden" || { echo "not permitted" >&2; exit 1; }; echo 7 > "$GH_FOLDER/open" ;;
esac`;

interface Ran {
  readonly exitCode: number;
  readonly output: string;
  /** How `gh` was called, but for the question whether a pull request is open. */
  readonly calls: readonly string[];
  readonly text: string;
}

interface Hosted {
  readonly release: (version: string, files: GivenFiles) => void;
  /** A clone in which a person works. */
  readonly clone: string;
  readonly run: (ownToken?: boolean) => Promise<Ran>;
  readonly ref: (name: string) => string;
  readonly show: (spec: string) => string;
  readonly forbid: () => void;
}

/** A template, a project of it on a server, and the machine that runs the workflow there. */
async function host(): Promise<Hosted> {
  const folder = machine.folder();
  const bin = join(folder, 'bin');
  const hub = join(folder, 'hub');
  mkdirSync(hub);
  writeProgram(bin, 'gh', fakeGh);
  writeProgram(bin, 'npx', `shift 2; exec "${process.execPath}" "${builtCli}" "$@"`);
  const template = makeRepository(join(folder, 'template'), firstVersion);
  template.git('tag', 'v1.0.0');
  await machine.mlsys(['new', 'project', '--from', template.url, '--yes', '--no-setup'], { cwd: folder });
  const remote = join(folder, 'remote.git');
  git(folder, 'clone', '--quiet', '--bare', 'project', remote);
  const clone = join(folder, 'clone');
  git(folder, 'clone', '--quiet', remote, clone);
  let runs = 0;
  return {
    clone,
    release: (version, files) => {
      template.commit(files, version);
      template.git('tag', version);
    },
    ref: (name) => git(remote, 'rev-parse', '--verify', name),
    show: (spec) => git(remote, 'show', spec),
    forbid: () => writeFileSync(join(hub, 'forbidden'), ''),
    run: async (ownToken = false) => {
      const checkout = join(folder, `checkout-${++runs}`);
      const temp = join(folder, `temp-${runs}`);
      mkdirSync(temp);
      writeFileSync(join(hub, 'log'), '');
      git(folder, 'clone', '--quiet', remote, checkout);
      const given = {
        PATH: [bin, process.env.PATH].join(delimiter),
        RUNNER_TEMP: temp,
        GITHUB_SHA: git(checkout, 'rev-parse', 'HEAD'),
        GH_FOLDER: hub,
        ...jobs.sync.env,
      };
      const own: Readonly<Record<string, string>> = { BASE: 'main', OWN_TOKEN: String(ownToken) };
      let [exitCode, output] = [0, ''];
      for (const { run, env } of jobs.sync.steps) {
        if (run === undefined || exitCode !== 0) continue;
        const filled = Object.fromEntries(Object.keys(env).map((name) => [name, own[name] ?? 'x']));
        // As GitHub runs a step: with -e, and without pipefail.
        const step = await execa('bash', ['-e', '-c', run], {
          cwd: checkout,
          env: machine.env({ ...given, ...filled }),
          extendEnv: false,
          reject: false,
          all: true,
        });
        exitCode = step.exitCode ?? -1;
        output += step.all;
      }
      const text = join(temp, 'pull-request.md');
      const calls = readFileSync(join(hub, 'log'), 'utf8').split('\n');
      return {
        exitCode,
        output,
        calls: calls.filter((call) => call !== '' && !call.startsWith('pr list')),
        text: existsSync(text) ? readFileSync(text, 'utf8') : '',
      };
    },
  };
}

const hasPrograms = ['bash', 'jq'].every((name) => programsOnPath(process.env, process.platform, name).length > 0);

describe.skipIf(!hasPrograms)('the workflow that syncs', () => {
  test('does nothing while there is no update', async () => {
    const { run, ref } = await host();
    expect(await run()).toMatchObject({ exitCode: 0, calls: [], text: '' });
    expect(() => ref('mlsys/sync')).toThrow();
  });

  test('opens a clean update as a pull request, renews it, and closes it when it is there by another way', async () => {
    const { run, ref, show, release, clone } = await host();
    release('v2.0.0', { [doc]: lines({ 2: 'line two' }) });
    const first = await run();
    expect(first).toMatchObject({ exitCode: 0, calls: [expect.stringContaining('pr create')] });
    expect(first.calls[0]).toMatch(
      /--base main --head mlsys\/sync --title Update to template v2\.0\.0 --body-file \S+$/,
    );
    expect(first.text).toContain('merged template v2.0.0 without conflicts');
    expect(show('mlsys/sync:doc.txt')).toBe(lines({ 2: 'line two' }).trimEnd());
    expect(ref('mlsys/sync^1')).toBe(ref('main'));

    const pushed = ref('mlsys/sync');
    const second = await run();
    expect(second.calls).toEqual([
      expect.stringMatching(/^api --silent --method PATCH repos\/\{owner\}\/\{repo\}\/pulls\/7 /),
      'pr ready 7',
    ]);
    expect(ref('mlsys/sync')).toBe(pushed);

    release('v3.0.0', { [doc]: lines({ 2: 'line two', 3: 'line three' }) });
    const third = await run();
    expect(third.calls[0]).toContain('title=Update to template v3.0.0');
    expect(show('mlsys/sync:doc.txt')).toContain('line three');
    expect(ref('mlsys/sync^1')).toBe(ref('main'));

    git(clone, 'fetch', '--quiet');
    git(clone, 'merge', '--quiet', '--squash', 'origin/mlsys/sync');
    git(clone, 'commit', '--quiet', '--message', 'Update');
    git(clone, 'push', '--quiet', 'origin', 'main');
    expect((await run()).calls).toEqual([expect.stringMatching(/^pr close 7 --comment .*up to date/)]);
  });

  test('leaves a conflict to a person, and then leaves that person alone', async () => {
    const { run, ref, show, release, clone } = await host();
    writeFiles(clone, { 'doc.txt': lines({ 8: 'line 8 mine' }) });
    git(clone, 'commit', '--quiet', '--all', '--message', 'Mine');
    git(clone, 'push', '--quiet', 'origin', 'main');
    release('v2.0.0', { [doc]: lines({ 8: 'line EIGHT' }), 'templates/base/files/new.txt': 'new\n' });
    const first = await run();
    expect(first).toMatchObject({ exitCode: 0, calls: [expect.stringMatching(/, by hand .* --draft$/)] });
    expect(first.text).toMatch(/do not go together:\n\n {4}doc\.txt\n\nTo do so:/);
    expect(ref('mlsys/sync^{tree}')).toBe(ref('main^{tree}'));

    const { calls } = await run();
    expect(calls.at(-1)).toBe('pr ready 7 --undo');

    const commands = [...first.text.matchAll(/^ {4}(git (?:fetch|switch|push)[^#\n]*)/gm)].map(
      (match) => match[1] ?? '',
    );
    const [fetch = '', change = '', push = ''] = commands.map((command) => command.trim());
    const inClone = (command: string): string => git(clone, ...command.split(' ').slice(1));
    inClone(fetch);
    inClone(change);
    expect((await machine.mlsys(['sync'], { cwd: clone })).exitCode).toBe(1);
    writeFiles(clone, { 'doc.txt': lines({ 8: 'line EIGHT, mine' }) });
    git(clone, 'add', 'doc.txt');
    const identity = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com' };
    const asAda = { ...identity, GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' };
    expect((await machine.mlsys(['sync', '--continue'], { cwd: clone, env: asAda })).exitCode).toBe(0);
    inClone(push);
    expect(show('mlsys/sync:doc.txt')).toContain('line EIGHT, mine');
    expect(show('mlsys/sync:new.txt')).toBe('new');

    const settled = ref('mlsys/sync');
    release('v3.0.0', { [doc]: lines({ 8: 'line EIGHT', 9: 'line NINE' }) });
    const last = await run();
    expect(last).toMatchObject({
      exitCode: 0,
      calls: [],
      output: expect.stringContaining('somebody works on #7') as string,
    });
    expect(ref('mlsys/sync')).toBe(settled);
  });

  test.each([
    ['leaves workflows, which the token of Actions may not change, to a person', false, 'ci'],
    ['changes workflows with a token of the owner', true, 'cd'],
  ])('%s', async (_, ownToken, name) => {
    const { run, show, release } = await host();
    release('v2.0.0', { [ci]: 'name: cd\n' });
    const { calls, text } = await run(ownToken);
    expect(calls[0]?.endsWith('--draft')).toBe(!ownToken);
    expect(text.includes('    .github/workflows/ci.yml\n')).toBe(!ownToken);
    expect(show('mlsys/sync:.github/workflows/ci.yml')).toBe(`name: ${name}`);
  });

  test('fails with the way out where Actions may open no pull request', async () => {
    const { run, show, release, forbid } = await host();
    release('v2.0.0', { [doc]: lines({ 2: 'line two' }) });
    forbid();
    const { exitCode, output } = await run();
    expect({ exitCode, output }).toEqual({
      exitCode: 1,
      output: expect.stringContaining('allow GitHub Actions to create pull requests') as string,
    });
    expect(show('mlsys/sync:doc.txt')).toContain('line two');
  });

  test('fails with the reason where the sync does', async () => {
    const { run, clone } = await host();
    const lockFile = join(clone, '.mlsys/lock.json');
    writeFileSync(lockFile, '{');
    git(clone, 'commit', '--quiet', '--all', '--message', 'Break the lock');
    git(clone, 'push', '--quiet', 'origin', 'main');
    const { exitCode, output, calls } = await run();
    expect({ exitCode, calls }).toEqual({ exitCode: 1, calls: [] });
    expect(output).toContain('no valid JSON');
  });
});
