import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { lock, type Lock } from '../../src/schema/lock.js';
import { filesBelow, workplace } from '../helpers/cli.js';
import { makeRepository, type TestRepository } from '../helpers/repository.js';
import { sampleTemplate } from '../helpers/template.js';

const place = workplace();
let repository: TestRepository;
const commits: Record<string, string> = {};
/** A file that says which commit it came from. */
const marker = (text: string) => ({ 'templates/base/files/marker.txt': text });

beforeAll(() => {
  repository = makeRepository(place.folder('template'), { ...sampleTemplate, ...marker('1.0.0') });
  const tag = (name: string, text = name): void => {
    commits[name] = repository.commit(marker(text));
    repository.git('tag', '--no-sign', '-m', name, name);
  };
  tag('v1.0.0', '1.0.0');
  tag('v1.10.0', '1.10.0');
  tag('v1.9.0', '1.9.0');
  tag('v2.0.0-beta.1', '2.0.0-beta.1');
  tag('not-a-version', 'not-a-version');
  repository.git('checkout', '--quiet', '-b', 'feature/x');
  commits.feature = repository.commit(marker('feature'));
  repository.git('checkout', '--quiet', 'main');
  commits.main = repository.commit(marker('main'));
});

interface Made {
  readonly exitCode: number;
  readonly stderr: string;
  readonly marker: string | undefined;
  readonly template: Lock['template'] | undefined;
}

async function make(source: string, env: NodeJS.ProcessEnv = {}): Promise<Made> {
  const root = join(place.folder(), 'x');
  const args = ['new', root, '--yes', '--no-setup', '--from', source];
  const { exitCode, stderr } = await place.mlsys(args, { env });
  if (exitCode !== 0) {
    expect(filesBelow(root)).toEqual([]);
    return { exitCode, stderr, marker: undefined, template: undefined };
  }
  const { template } = lock.parse(JSON.parse(readFileSync(join(root, '.mlsys/lock.json'), 'utf8')));
  return { exitCode, stderr, marker: readFileSync(join(root, 'marker.txt'), 'utf8'), template };
}

describe('a template from a git url', () => {
  it('is the newest release by default', async () => {
    const made = await make(repository.url);
    expect(made).toMatchObject({ marker: '1.10.0', template: { version: 'v1.10.0', commit: commits['v1.10.0'] } });
    expect(made.template).not.toHaveProperty('ref');
  });

  it.each([
    ['a tag', 'v1.9.0', '1.9.0', 'v1.9.0'],
    ['a release to come', 'v2.0.0-beta.1', '2.0.0-beta.1', 'v2.0.0-beta.1'],
    ['a tag that is no version', 'not-a-version', 'not-a-version', 'not-a-version'],
    ['a branch', 'feature/x', 'feature', 'feature'],
    ['a commit', 'main', 'main', 'main'],
  ])('is %s where that is asked for', async (kind, ref, text, commit) => {
    const asked = kind === 'a commit' ? (commits.main ?? '') : ref;
    expect(await make(`${repository.url}#${asked}`)).toMatchObject({
      marker: text,
      template: { ref: asked, commit: commits[commit] },
    });
  });

  it('is its default branch where it has no release', async () => {
    const other = makeRepository(place.folder(), { ...sampleTemplate, ...marker('unreleased') });
    const made = await make(other.url);
    expect(made).toMatchObject({ marker: 'unreleased', template: { commit: other.git('rev-parse', 'HEAD') } });
  });

  it.each(['nowhere', 'v9.9.9', '0123456789012345678901234567890123456789'])(
    'is refused where it has no %s',
    async (ref) => {
      const { exitCode, stderr } = await make(`${repository.url}#${ref}`);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: expect.stringContaining(`has no tag, branch or commit named "${ref}"`),
      });
    },
  );

  it('brings in news of it on the next run, and serves from the cache when it is gone', async () => {
    const other = makeRepository(place.folder(), { ...sampleTemplate, ...marker('one') });
    expect((await make(other.url)).marker).toBe('one');
    other.commit(marker('two'));
    expect((await make(other.url)).marker).toBe('two');
    renameSync(other.root, `${other.root}-gone`);
    const made = await make(other.url);
    expect(made).toMatchObject({
      marker: 'two',
      stderr: expect.stringMatching(/warning: file:.* copy in the cache is used/),
    });
  });

  it('leaves nothing in the cache where it can’t be cloned', async () => {
    const cache = place.folder();
    const { exitCode } = await make('file:///nowhere/at/all', { XDG_CACHE_HOME: cache, LOCALAPPDATA: cache });
    expect({ exitCode, cached: filesBelow(cache) }).toEqual({ exitCode: 1, cached: [] });
  });

  it('never shows a password, where it can’t be cloned either', async () => {
    const { exitCode, stderr } = await make('https://user:hunter2@127.0.0.1:9/a/b.git?token=hunter2');
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringContaining('https://127.0.0.1:9/a/b.git'),
    });
    expect(stderr).not.toContain('hunter2');
  });
});

describe('a template from a folder', () => {
  it('is its working tree, and its commit where that has no changes', async () => {
    const other = makeRepository(place.folder(), { ...sampleTemplate, ...marker('clean') });
    const clean = await make(other.root);
    expect(clean).toMatchObject({ marker: 'clean', template: { commit: other.git('rev-parse', 'HEAD') } });
    expect(clean.template?.source).toMatch(/^(\.\.\/)+folder-\d+$/);
    other.commit(marker('other'));
    other.git('rm', '--quiet', '--cached', 'templates/base/files/marker.txt');
    const changed = await make(other.root);
    expect(changed).toMatchObject({ marker: 'other', template: { version: 'working tree' } });
    expect(changed.template).not.toHaveProperty('commit');
  });

  it('is a commit of it where that is asked for', async () => {
    expect(await make(`${repository.root}#v1.9.0`)).toMatchObject({
      marker: '1.9.0',
      template: { ref: 'v1.9.0', commit: commits['v1.9.0'], source: expect.not.stringContaining(place.root) },
    });
  });

  it('is refused where it has no such commit, or is no repository', async () => {
    expect(await make(`${repository.root}#nowhere`)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('"nowhere"'),
    });
    expect(await make(`${place.folder()}#main`)).toMatchObject({ exitCode: 1 });
  });
});

it('the built-in template is named so, with its version and no place', async () => {
  const root = join(place.folder(), 'x');
  const { exitCode } = await place.mlsys(['new', root, '--yes', '--no-setup']);
  expect(exitCode).toBe(0);
  const text = readFileSync(join(root, '.mlsys/lock.json'), 'utf8');
  expect(lock.parse(JSON.parse(text)).template).toEqual({
    source: 'builtin',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
  });
  expect(text).not.toMatch(/"\/|\/(work|home|tmp|root)\/|file:/);
  expect(existsSync(join(root, '.gitignore'))).toBe(true);
});
