import { describe, expect, it } from 'vitest';
import { linkFault, pathCollisions, pathFault } from '../../../src/core/paths.js';

describe('a path of a template', () => {
  it.each([
    'a',
    'a/b.txt',
    '.gitignore',
    '.github/workflows/ci.yml',
    '.gitattributes',
    'a/..b/c..',
    'git',
    'x.git',
    'git~10',
    'ünïcode/名.txt',
    'with space/and "quotes"',
    'name:b',
  ])('%j is fine', (path) => {
    expect(pathFault(path)).toBeUndefined();
  });

  it.each([
    ['', 'is empty'],
    ['/etc/passwd', 'is absolute'],
    ['C:/x', 'is absolute'],
    ['c:x', 'is absolute'],
    ['..', 'leaves the root'],
    ['../x', 'leaves the root'],
    ['a/../../x', 'leaves the root'],
    ['a/..', 'leaves the root'],
    ['./a', 'leaves the root'],
    ['a//b', 'has an empty part'],
    ['a/', 'has an empty part'],
    ['..\\x', 'has a backslash'],
    ['a\\b', 'has a backslash'],
    ['a\0b', 'has a control character'],
    ['a\nb', 'has a control character'],
    ['a\u007fb', 'has a control character'],
  ])('%j is refused: it %s', (path, reason) => {
    expect(pathFault(path)).toBe(reason);
  });

  it.each([
    '.git',
    '.git/config',
    '.GIT/hooks/pre-commit',
    '.gIt',
    'sub/.git/config',
    // NTFS drops trailing dots and spaces, reads streams, and has short names.
    '.git./config',
    '.git /config',
    '.git . ./config',
    '.git::$INDEX_ALLOCATION/config',
    '.git ::$INDEX_ALLOCATION/config',
    '.git:stream',
    'GIT~1/config',
    'git~1',
    'git~1 .::$DATA',
    // HFS+ ignores some characters.
    '.g\u200cit/config',
    '.git\u200d',
    '\u202e.git',
    '.gi\ufefft',
    '.g\u200ci\u206ft ',
  ])('%j is refused: it is git’s own folder', (path) => {
    expect(pathFault(path)).toBe('reaches into git’s own folder');
  });
});

describe('a symbolic link', () => {
  it.each([
    ['docs/latest.md', '../README.md'],
    ['a', 'b'],
    ['a/b/c', '../../d/e'],
    ['a', './b'],
    ['a', '.'],
    ['a/b', '..'],
    ['a', '.gitignore'],
  ])('%s → %s stays inside', (path, target) => {
    expect(linkFault(path, target)).toBeUndefined();
  });

  it.each([
    ['a', ''],
    ['a', '..'],
    ['a', '../x'],
    ['a/b', '../../x'],
    ['a', '/etc/passwd'],
    ['a', 'C:\\x'],
    ['a', 'c:/x'],
    ['a', '..\\x'],
    ['a', 'b/../../x'],
    // Where `b/l` is a link to `..`, the system goes up from there and not from `b`.
    ['a', 'b/l/..'],
    ['a', 'b/../c'],
    ['a', '.git/config'],
    ['a/b', '../.GIT'],
    ['a', 'c/.git::$INDEX_ALLOCATION/x'],
    ['a', 'x\0y'],
    ['a', 'x\ny'],
  ])('%s → %j is refused', (path, target) => {
    expect(linkFault(path, target)).toMatch(/^is a symbolic link/);
  });
});

describe('paths that can’t exist beside each other', () => {
  it.each([
    [['a', 'A'], [['a', 'A']]],
    [['README.md', 'readme.MD'], [['README.md', 'readme.MD']]],
    // One letter with its accent, and a letter and an accent.
    [['\u00e9', 'e\u0301'], [['\u00e9', 'e\u0301']]],
    [['a', 'a/b'], [['a', 'a/b']]],
    [['A', 'a/b'], [['A', 'a/b']]],
    [['a/b', 'a'], [['a', 'a/b']]],
    [['Src/a', 'src/b'], [['Src/', 'src/b']]],
  ])('%j collide', (paths, expected) => {
    expect(pathCollisions(paths)).toEqual(expected);
  });

  it('are none where all differ', () => {
    expect(pathCollisions(['a/b', 'a/c', 'b', 'ab', 'a.b', 'c/a'])).toEqual([]);
  });
});
