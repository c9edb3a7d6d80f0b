import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { base, baseManifest, branch, type Life, lines, runCommand, startLife } from '../../helpers/lifecycle.js';

const v1 = base({ 'a.txt': lines(), 'docs/one.md': lines({ 1: 'one' }), 'docs/two.md': lines({ 1: 'two' }) });
const lockOf = (life: Life) => JSON.parse(life.read('.mlsys/lock.json'));

describe('sync --to', () => {
  it('goes to a tag, a branch or a commit, forwards and back, and sync goes on from there', async () => {
    const life = await startLife(v1, { byUrl: true });
    for (const n of [2, 3]) life.release(`v${n}.0.0`, base({ 'a.txt': lines({ 5: `version ${n}` }) }));
    const commit = life.templateGit('rev-parse', 'v2.0.0');
    for (const to of ['v3.0.0', commit, 'v1.0.0', 'main']) {
      expect((await life.mlsys('sync', '--to', to)).code).toBe(0);
      expect(`${life.templateGit('show', `${to}:templates/base/files/a.txt`)}\n`).toBe(life.read('a.txt'));
    }
    expect((await life.mlsys('sync', '--to', 'v9')).err).toContain('no tag, branch or commit named "v9"');
    await life.mlsys('sync', '--to', 'v1.0.0');
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(lockOf(life).template.version).toBe('v3.0.0');
  });

  it('prefers a release to what came after it, and takes the newest by its number', async () => {
    const life = await startLife(v1, { byUrl: true });
    for (const version of ['v2.0.0', 'v10.0.0', 'v9.0.0', 'v11.0.0-rc.1']) {
      life.release(version, base({ 'a.txt': lines({ 5: version }) }));
    }
    await life.mlsys('sync');
    expect(lockOf(life).template.version).toBe('v10.0.0');
  });
});

describe('migrations', () => {
  const manifest = (...migrations: string[]): ReturnType<typeof baseManifest> =>
    baseManifest(`migrations:\n${migrations.map((text) => `  - ${text}\n`).join('')}`);
  const two = '{version: 2.0.0, renames: [{from: a.txt, to: b.txt}], note: Run the converter}';
  const three = '{version: 3.0.0, renames: [{from: b.txt, to: c.txt}, {from: docs, to: manual}], note: Look at c.txt}';

  async function lifeOfThree(): Promise<Life> {
    const life = await startLife(v1);
    life.release('v2.0.0', { ...manifest(two), ...base({ 'a.txt': undefined, 'b.txt': 'all new\n' }) });
    life.release('v3.0.0', {
      ...manifest(three, two),
      ...base({
        'b.txt': undefined,
        'c.txt': 'newer\n',
        'docs/one.md': undefined,
        'docs/two.md': undefined,
        'manual/one.md': lines({ 1: 'one', 15: 'theirs' }),
        'manual/two.md': 'all new\n',
      }),
    });
    return life;
  }

  it('show what a person should do, in order, over several versions', async () => {
    const life = await lifeOfThree();
    const { err } = await life.mlsys('sync', '--dry-run');
    expect(err.indexOf('note for 2.0.0')).toBeGreaterThan(0);
    expect(err.indexOf('note for 3.0.0')).toBeGreaterThan(err.indexOf('note for 2.0.0'));
    expect(
      JSON.parse((await life.mlsys('sync', '--json')).out).notes.map(({ note }: { note: string }) => note),
    ).toEqual(['Run the converter', 'Look at c.txt']);
    expect((await life.mlsys('sync')).err).not.toContain('note for');
  });

  it('move files that git would not know again, with edits and the person’s own files beside them', async () => {
    const life = await lifeOfThree();
    life.edit({ 'docs/one.md': lines({ 1: 'one', 5: 'mine' }), 'docs/own.md': 'own\n' });
    const { code, err } = await life.mlsys('sync');
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(life.read('c.txt')).toBe('newer\n');
    expect(life.read('manual/one.md')).toBe(lines({ 1: 'one', 5: 'mine', 15: 'theirs' }));
    expect(life.read('manual/own.md')).toBe('own\n');
    expect(['a.txt', 'b.txt', 'docs'].filter((path) => life.exists(path))).toEqual([]);
  });

  it('give the same step by step', async () => {
    const [once, twice] = [await lifeOfThree(), await lifeOfThree()];
    for (const life of [once, twice]) life.edit({ 'a.txt': lines({ 5: 'mine' }), 'docs/own.md': 'own\n' });
    await once.mlsys('sync');
    await twice.mlsys('sync', '--to', 'v2.0.0');
    expect(twice.read('b.txt')).toContain('mine');
    expect(once.read('c.txt')).toContain('mine');
    expect(once.read('manual/own.md')).toBe('own\n');
  });
});

describe('questions', () => {
  const asks = (questions: string): ReturnType<typeof baseManifest> => baseManifest(`questions:\n${questions}`);

  it('that appear get their default, those that go leave the lock', async () => {
    const life = await startLife({ ...asks('  old: {default: x, help: Old}\n'), ...v1 });
    life.release('v2.0.0', asks('  fresh: {type: integer, default: 3, help: New}\n'));
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(lockOf(life).answers).toMatchObject({ fresh: 3 });
    expect(lockOf(life).answers).not.toHaveProperty('old');
  });

  it('whose choices change keep an answer that is still one of them, and say where it is not', async () => {
    const question = (choices: string, fallback: string): string =>
      `  size: {type: choice, choices: [${choices}], default: ${fallback}, help: Size}\n`;
    const life = await startLife(
      { ...asks(question('small, large', 'small')), ...v1 },
      { args: ['--set', 'size=large'] },
    );
    life.release('v2.0.0', asks(question('tiny, large', 'tiny')));
    await life.mlsys('sync');
    expect(lockOf(life).answers.size).toBe('large');
    life.release('v3.0.0', asks(question('tiny, huge', 'tiny')));
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(0);
    expect(err).toContain('size must be one of tiny, huge, not "large"; the default tiny is used');
    expect(lockOf(life).answers.size).toBe('tiny');
  });
});

describe('the template', () => {
  it('that is a folder without git is followed as it is', async () => {
    const life = await startLife(v1, { plainTemplate: true });
    const from = life.in(life.template);
    from.write(base({ 'a.txt': lines({ 5: 'theirs' }) }));
    life.edit({ 'a.txt': lines({ 15: 'mine' }) });
    expect((await life.mlsys('sync', '--check')).code).toBe(1);
    expect((await life.mlsys('sync')).code).toBe(0);
    expect(life.read('a.txt')).toBe(lines({ 5: 'theirs', 15: 'mine' }));
    expect((await life.mlsys('sync')).err).toContain('up to date');
  });

  it('that is a url works from the cache when it can’t be reached', async () => {
    const life = await startLife(v1, { byUrl: true });
    renameSync(life.template, join(life.root, 'gone'));
    expect(await life.mlsys('configure', 'project_name=trees', '--no-setup')).toMatchObject({ code: 0 });
    const { code, err } = await life.mlsys('sync');
    expect(code).toBe(0);
    expect(err).toContain("can't be reached, its copy in the cache is used");
    rmSync(life.ctx.cacheDir, { recursive: true });
    expect(await life.mlsys('sync')).toMatchObject({ code: 1, err: expect.stringContaining("can't be cloned") });
    expect((await life.mlsys('status')).code).toBe(0);
    expect((await life.mlsys('diff')).code).toBe(0);
  });

  it('that is gone is named', async () => {
    const life = await startLife(v1);
    rmSync(life.template, { recursive: true });
    expect(await life.mlsys('sync')).toMatchObject({
      code: 1,
      err: expect.stringContaining('the template ../template is not there'),
    });
  });

  it('that is a url must be signed by a known key where the person’s git configuration asks for it', async () => {
    const life = await startLife(v1, { byUrl: true });
    const keyOf = (name: string): string => {
      const file = join(life.root, name);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
      return file;
    };
    const [known, foreign] = [keyOf('known'), keyOf('foreign')];
    const signers = join(life.root, 'signers');
    writeFileSync(signers, `ada@example.com ${readFileSync(`${known}.pub`, 'utf8')}`);
    const release = (version: string, key?: string): void => {
      life.in(life.template).write(base({ 'a.txt': lines({ 5: version }) }));
      life.templateGit('add', '--all');
      const sign = key === undefined ? [] : ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${key}`];
      life.templateGit(...sign, 'commit', ...(key === undefined ? [] : ['-S']), '--quiet', '--message', version);
      life.templateGit('tag', version);
    };
    appendFileSync(
      life.env.GIT_CONFIG_GLOBAL ?? '',
      `[mlsys]\n\trequireSignedTemplates = true\n[gpg "ssh"]\n\tallowedSignersFile = ${signers}\n`,
    );
    const before = life.git('rev-parse', 'HEAD');
    for (const [version, key] of [['v2.0.0'], ['v3.0.0', foreign]] as const) {
      release(version, key);
      const { code, err } = await life.mlsys('sync');
      expect(code).not.toBe(0);
      expect(err).toContain('has no signature that git accepts');
      expect(life.git('rev-parse', 'HEAD')).toBe(before);
    }
    release('v4.0.0', known);
    expect(await life.mlsys('sync')).toMatchObject({ code: 0 });
    expect(life.read('a.txt')).toBe(lines({ 5: 'v4.0.0' }));
  });

  it('can be moved with --from, and is merged from there', async () => {
    const life = await startLife(v1);
    life.edit({ 'a.txt': lines({ 5: 'mine' }) });
    life.release('v2.0.0', base({ 'a.txt': lines({ 15: 'theirs' }) }));
    renameSync(life.template, join(life.root, 'moved'));
    expect(await runCommand(life.ctx, ['sync', '--from', '../moved'])).toMatchObject({ code: 0 });
    expect(life.read('a.txt')).toBe(lines({ 5: 'mine', 15: 'theirs' }));
    expect(lockOf(life).template.source).toBe('../moved');
  });

  it('whose branch is gone is told by its name', async () => {
    const life = await startLife({ ...v1, ...branch('forest', { 'f.txt': 'f\n' }) }, { args: ['--branch', 'forest'] });
    life.release('v2.0.0', { 'branches/forest': undefined });
    expect(await life.mlsys('sync')).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no branch "forest"'),
    });
  });

  it('with a fault of its own changes nothing', async () => {
    const life = await startLife(v1);
    life.release('v2.0.0', base({ 'a.txt.hbs': '{{nonsense}}\n', 'a.txt': undefined }));
    expect(await life.mlsys('sync')).toMatchObject({ code: 1, err: expect.stringContaining('nonsense') });
    expect(life.git('status', '--porcelain')).toBe('');
  });
});

describe('the lock', () => {
  it.each([
    ['with conflict markers', '<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n', 'it holds conflict markers'],
    ['of a newer mlsys', '{"schema": 99}', 'was written by a newer mlsys'],
    ['that is damaged', '{"schema": 1, "files": 3}', 'is damaged'],
    ['that is empty', '', 'is no valid JSON'],
  ])('%s is told, with what to do', async (_, text, message) => {
    const life = await startLife(v1);
    life.edit({ '.mlsys/lock.json': text });
    for (const command of ['sync', 'status', 'diff']) {
      const { code, err } = await life.mlsys(command);
      expect(code).toBe(1);
      expect(err).toContain(message);
      expect(err).toContain('hint:');
    }
  });
});
