import { describe, expect, it } from 'vitest';
import { folderMoves, movePath, movesBetween, movesIn } from '../../../src/core/moves.js';
import type { Listing } from '../../../src/core/tree.js';

const listing = (...paths: string[]): Listing => new Map(paths.map((path) => [path, { blob: path, mode: '100644' }]));
const sources = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, source]) => [path, { source }]));
const moved = (moves: Record<string, string>, next: string[], ...ours: string[]): Record<string, string> => {
  const all = new Map(Object.entries(moves));
  return Object.fromEntries(movesIn(listing(...ours), all, folderMoves(all, next)));
};

describe('movesBetween', () => {
  it('follows a template file to its new path', () => {
    const before = sources({ 'src/old/a.py': 'a', 'same.txt': 'same', '.mlsys/manifest.json': 'mlsys' });
    const after = sources({ 'src/new/a.py': 'a', 'same.txt': 'same', 'manifest.json': 'mlsys' });
    expect(Object.fromEntries(movesBetween(before, after))).toEqual({ 'src/old/a.py': 'src/new/a.py' });
  });

  it('moves nothing away from a path that the target fills again', () => {
    expect(movesBetween(sources({ a: '1' }), sources({ a: '2', b: '1' })).size).toBe(0);
  });
});

describe('files of a folder that moves', () => {
  const moves = { 'src/old/a.py': 'src/new/a.py', 'tests/test_old.py': 'tests/test_new.py' };
  const next = Object.values(moves);

  it('go along, those of the person too; others stay', () => {
    expect(
      moved(moves, next, 'src/old/a.py', 'src/old/deep/own.py', 'tests/test_old.py', 'tests/own.py', 'src/b.py'),
    ).toEqual({
      'src/old/a.py': 'src/new/a.py',
      'src/old/deep/own.py': 'src/new/deep/own.py',
      'tests/test_old.py': 'tests/test_new.py',
    });
  });

  it('stay where the template still fills the former folder', () => {
    expect(moved(moves, [...next, 'src/old/kept.py'], 'src/old/a.py', 'src/old/own.py')).toEqual({
      'src/old/a.py': 'src/new/a.py',
    });
  });

  it('stay where the folder is split', () => {
    const split = { 'x/a': 'y/a', 'x/b': 'z/b' };
    expect(moved(split, ['y/a', 'z/b'], 'x/a', 'x/own')).toEqual({ 'x/a': 'y/a' });
  });

  it('go along with a folder that a migration names', () => {
    expect(moved({ docs: 'manual/user' }, [], 'docs/a.md', 'docs/deep/b.md', 'docs.md')).toEqual({
      'docs/a.md': 'manual/user/a.md',
      'docs/deep/b.md': 'manual/user/deep/b.md',
    });
  });

  it.each([
    ['a file is there', 'src/new/own.py'],
    ['a folder is there', 'src/new/own.py/x'],
    ['a folder above is a file', 'src/new'],
  ])('stay where %s already', (_, other) => {
    expect(moved(moves, next, 'src/old/own.py', other)).toEqual({});
  });

  it('never land on each other', () => {
    const onto = { 'a/x': 'c/x', 'b/x': 'c/x' };
    expect(Object.keys(moved(onto, ['c/x'], 'a/x', 'b/x'))).toEqual(['a/x']);
  });
});

describe('movePath', () => {
  it('takes the deepest folder, and a move of its own before that', () => {
    const folders = new Map([
      ['a', 'A'],
      ['a/b', 'B'],
    ]);
    expect(['a/x', 'a/b/x', 'a/b/y', 'ab/x'].map((path) => movePath(path, new Map([['a/b/y', 'Y']]), folders))).toEqual(
      ['A/x', 'B/x', 'Y', 'ab/x'],
    );
  });
});
