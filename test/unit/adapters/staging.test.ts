import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkTarget, makeFolder } from '../../../src/adapters/staging.js';
import { temporaryFolder, testContext } from '../../helpers/context.js';

const write = (name: string) => async (folder: string) => writeFileSync(join(folder, name), name);
const failing = async (folder: string): Promise<void> => {
  await write('half')(folder);
  throw new Error('stopped');
};
/** A number that no process has. */
const goneProcess = 2 ** 22 + 1;

describe('a folder that is made', () => {
  it.each(['new', 'one/two/new'])('is whole at %s, with nothing beside it', async (path) => {
    const root = temporaryFolder();
    await makeFolder(testContext(), join(root, path), write('a'));
    expect(readdirSync(join(root, path))).toEqual(['a']);
    expect(readdirSync(dirname(join(root, path)))).toEqual(['new']);
  });

  it('is filled where it is there and empty', async () => {
    const root = temporaryFolder();
    await makeFolder(testContext(), root, write('a'));
    expect(readdirSync(root)).toEqual(['a']);
  });

  it.each(['new', 'one/two/new', '.'])('leaves nothing at %s where its making fails', async (path) => {
    const root = temporaryFolder();
    await expect(makeFolder(testContext(), join(root, path), failing)).rejects.toThrow('stopped');
    expect(readdirSync(root)).toEqual([]);
  });

  it('leaves the folders above it that were there', async () => {
    const root = temporaryFolder();
    mkdirSync(join(root, 'one'));
    await expect(makeFolder(testContext(), join(root, 'one/two/new'), failing)).rejects.toThrow('stopped');
    expect(readdirSync(root)).toEqual(['one']);
    expect(readdirSync(join(root, 'one'))).toEqual([]);
  });

  it('is taken back by an interrupt', async () => {
    const root = temporaryFolder();
    let interrupt = (): void => undefined;
    const ctx = testContext({ onInterrupt: (undo) => ((interrupt = undo), () => undefined) });
    await makeFolder(ctx, join(root, 'one/new'), async (folder) => {
      await write('a')(folder);
      interrupt();
      mkdirSync(folder, { recursive: true });
    });
    expect(readdirSync(join(root, 'one/new'))).toEqual([]);
  });

  it('clears what killed runs left beside it, and nothing of those that run', async () => {
    const root = temporaryFolder();
    const others = [
      `.new.mlsys-${process.pid}0000`,
      `.new.mlsys-${process.ppid}`,
      `.other.mlsys-${goneProcess}`,
      '.new.mlsys-x',
    ];
    for (const name of [`.new.mlsys-${goneProcess}`, ...others.slice(1)])
      mkdirSync(join(root, name, 'sub'), { recursive: true });
    await makeFolder(testContext(), join(root, 'new'), write('a'));
    expect(readdirSync(root).sort()).toEqual([...others.slice(1), 'new'].sort());
  });
});

describe('a place for a project', () => {
  it.each(['', 'new', 'a/b/c'])('may be %j', (path) => {
    expect(() => checkTarget(join(temporaryFolder(), path))).not.toThrow();
  });

  it('can’t be a folder with files, a file, below a file, or a link to nowhere', () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'file'), '');
    symlinkSync(join(root, 'nowhere'), join(root, 'link'));
    expect(() => checkTarget(root)).toThrow(/is not empty: it holds file/);
    expect(() => checkTarget(join(root, 'file'))).toThrow(/is no folder/);
    expect(() => checkTarget(join(root, 'file', 'new'))).toThrow(/file is a file/);
    expect(() => checkTarget(join(root, 'link'))).toThrow(/is no folder/);
  });

  it('is cleared of what a killed run moved into it, and of no more', () => {
    const root = temporaryFolder();
    const staging = join(root, '.mlsys-new');
    mkdirSync(join(staging, 'tree'), { recursive: true });
    mkdirSync(join(root, 'src'));
    writeFileSync(join(staging, 'moving.json'), JSON.stringify(['src', 'docs', `../${basename(root)}`]));
    checkTarget(root);
    expect(readdirSync(root)).toEqual([]);
    expect(existsSync(root)).toBe(true);
  });

  it('keeps a file of its owner that came after a killed run', () => {
    const root = temporaryFolder();
    mkdirSync(join(root, '.mlsys-new'));
    writeFileSync(join(root, 'mine'), 'text');
    expect(() => checkTarget(root)).toThrow(/it holds mine/);
    expect(readFileSync(join(root, 'mine'), 'utf8')).toBe('text');
  });
});
