import { describe, expect, it } from 'vitest';
import { isHunk, joinConflicts, splitConflicts, wholeFileConflict } from '../../../../src/core/merge/conflict-text.js';

const labels = { ours: 'a'.repeat(40), base: 'b'.repeat(40), theirs: 'c'.repeat(40) };
const shown = { ours: 'yours', base: 'template v1', theirs: 'template v2' };
const marked = (ours = labels.ours, base = 'bbbbbbb', theirs = labels.theirs): string =>
  `top\n<<<<<<< ${ours}\nmine\n||||||| ${base}\nwas\n=======\ntheirs\n>>>>>>> ${theirs}\nbottom\n`;

describe('text with conflicts of git', () => {
  it.each([
    ['as it is', marked()],
    [
      'with the path in each label, for a renamed file',
      marked(`${labels.ours}:new.txt`, 'bbbbbbb:old.txt', `${labels.theirs}:old.txt`),
    ],
  ])('is taken apart %s, and gets labels that a person understands', (_, text) => {
    const segments = splitConflicts(text, labels);
    expect(segments).toEqual([['top\n'], { ours: ['mine\n'], base: ['was\n'], theirs: ['theirs\n'] }, ['bottom\n']]);
    expect(joinConflicts(segments, shown, 'merge')).toBe(
      'top\n<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> template v2\nbottom\n',
    );
    expect(joinConflicts(segments, shown, 'diff3')).toBe(
      'top\n<<<<<<< yours\nmine\n||||||| template v1\nwas\n=======\ntheirs\n>>>>>>> template v2\nbottom\n',
    );
  });

  it.each([
    ['markers of its own', '<<<<<<< mine\nx\n=======\ny\n>>>>>>> theirs\n'],
    ['a marker without its end', `<<<<<<< ${labels.ours}\nmine\n=======\nnothing follows\n`],
    ['no conflict', 'a\nb'],
    ['nothing', ''],
  ])('is left whole where it holds %s', (_, text) => {
    const segments = splitConflicts(text, labels);
    expect(segments.some(isHunk)).toBe(false);
    expect(joinConflicts(segments, shown, 'merge')).toBe(text);
  });

  it('keeps lines that look like markers inside of a conflict', () => {
    const text = `<<<<<<< ${labels.ours}\n||||||| other\n||||||| bbbbbbb\n=======\n>>>>>>> other\n>>>>>>> ${labels.theirs}\n`;
    expect(splitConflicts(text, labels)[1]).toEqual({
      ours: ['||||||| other\n'],
      base: [],
      theirs: ['>>>>>>> other\n'],
    });
  });

  it('ends each side with a line end, that of the file', () => {
    expect(wholeFileConflict('a', 'b', shown)).toBe('<<<<<<< yours\na\n=======\nb\n>>>>>>> template v2\n');
    const text = marked().replaceAll('\n', '\r\n');
    expect(joinConflicts(splitConflicts(text, labels), shown, 'merge')).toBe(
      'top\r\n<<<<<<< yours\r\nmine\r\n=======\r\ntheirs\r\n>>>>>>> template v2\r\nbottom\r\n',
    );
    expect(wholeFileConflict('a\r\n', 'b\r\n', shown)).toBe(
      '<<<<<<< yours\r\na\r\n=======\r\nb\r\n>>>>>>> template v2\r\n',
    );
  });
});
