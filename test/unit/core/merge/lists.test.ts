import { describe, expect, it } from 'vitest';
import { mergeAroundHunk } from '../../../../src/core/merge/around.js';
import { linesOf } from '../../../../src/core/text.js';
import { mergeListHunk } from '../../../../src/core/merge/lists.js';

const merge = (path: string, base: string, ours: string, theirs: string): string | undefined =>
  mergeListHunk({ base: linesOf(base), ours: linesOf(ours), theirs: linesOf(theirs) }, path)?.join('');

describe('entries that both sides add', () => {
  it.each([
    ['a list of TOML', 'x.toml', '', '  "a",\n', '  "b",\n', '  "a",\n  "b",\n'],
    ['a list of TOML in single quotes', 'x.toml', '', "  'a',\n", "  'b',\n", "  'a',\n  'b',\n"],
    ['after an entry that both keep', 'x.toml', '"k"\n', '"k",\n"a"\n', '"k",\n"b"\n', '"k",\n"a",\n"b"\n'],
    ['the same entry on both sides', 'x.toml', '', '"a",\n"same",\n', '"same",\n"b",\n', '"a",\n"same",\n"b",\n'],
    ['a list in the middle of JSON', 'x.json', '', '  "a",\n', '  "b",\n', '  "a",\n  "b",\n'],
    ['a list of YAML', 'x.yaml', '', '- a\n', '- "b: c"\n', '- a\n- "b: c"\n'],
    ['a list with Windows line ends', 'x.yml', '', '- a\r\n', '- b\r\n', '- a\r\n- b\r\n'],
    ['a list on one line', 'x.toml', 'k = ["x"]\n', 'k = ["x", "a"]\n', 'k = ["x", "b"]\n', 'k = ["x", "a", "b"]\n'],
    ['keys of a table', 'x.toml', '', 'a = 1\n', '"b.c" = { x = [1] }\n', 'a = 1\n"b.c" = { x = [1] }\n'],
    ['keys of an object', 'x.json', '', '"a": 1,\n', '"b": ["x"],\n', '"a": 1,\n"b": ["x"],\n'],
    ['keys of a map', 'x.yaml', '', '  a: 1\n', '  b: [2]\n', '  a: 1\n  b: [2]\n'],
    ['entries that begin alike and are no packages', 'x.toml', '', '"src/a",\n', '"src/b",\n', '"src/a",\n"src/b",\n'],
  ])('stand both: %s', (_, path, base, ours, theirs, merged) => {
    expect(merge(path, base, ours, theirs)).toBe(merged);
  });

  it.each([
    ['a file of another language', 'x.py', '', '"a",\n', '"b",\n'],
    ['an entry that one side removed', 'x.toml', '"k",\n', '"a",\n', '"k",\n"b",\n'],
    ['an entry that one side changed', 'x.toml', '"k>=1",\n', '"k>=2",\n', '"k>=1",\n"b",\n'],
    ['one package in two versions', 'x.toml', '', '"torch==2.4",\n', '"Torch[gpu]>=2.6",\n'],
    ['one package in two versions on one line', 'x.toml', 'k = []\n', 'k = ["a==1"]\n', 'k = ["a==2"]\n'],
    ['one key with two values, TOML', 'x.toml', '', 'a = 1\n', 'a = 2\n'],
    ['one key with two values, JSON', 'x.json', '', '"a": 1,\n', '"a": 2,\n'],
    ['one key with two values, YAML', 'x.yaml', '', 'a: 1\n', 'a: 2\n'],
    ['lines that are no entries', 'x.toml', '', '# why\n"a",\n', '"b",\n'],
    ['a new table', 'x.toml', '', '[a]\nx = 1\n', '[b]\nx = 1\n'],
    ['maps that go on below', 'x.yaml', '', '- a: 1\n', '- b: 1\n'],
    ['a map that opens below', 'x.yaml', '', 'a:\n', 'b:\n'],
    ['a text that goes on below', 'x.yaml', '', 'a: |\n', 'b: 1\n'],
    ['keys of two depths', 'x.yaml', '', '  a: 1\n', 'b: 1\n'],
    ['an object that goes on below', 'x.json', '', '"a": {\n', '"b": {\n'],
  ])('are left to the person: %s', (_, path, base, ours, theirs) => {
    expect(merge(path, base, ours, theirs)).toBeUndefined();
  });
});

describe('lines beside lines that only got other values', () => {
  const around = (base: string, ours: string, theirs: string): string | undefined =>
    mergeAroundHunk({ base: linesOf(base), ours: linesOf(ours), theirs: linesOf(theirs) })?.join('');

  it('stay where they are', () => {
    expect(around('import old\n', 'import mine\nimport old\nx\n', 'import new\n')).toBe('import mine\nimport new\nx\n');
  });

  it.each([
    ['where a line of the template was edited', 'old\n', 'mine\n', 'new\n'],
    ['where the template has more lines than before', 'old\n', 'old\nmine\n', 'new\nmore\n'],
    ['where there was no line', '', 'mine\n', 'new\n'],
  ])('are left to the person %s', (_, base, ours, theirs) => {
    expect(around(base, ours, theirs)).toBeUndefined();
  });
});
