import { describe, expect, it } from 'vitest';
import { blobId, listing, sortedByPath } from '../../../src/core/tree.js';
import { executable, link, treeOf } from '../../helpers/template.js';

it.each([
  ['', 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'],
  ['hello\n', 'ce013625030ba8dba906f756967f9e9ca394464a'],
])('the content %j has the name that git gives it', (text, id) => {
  expect(blobId(Buffer.from(text))).toBe(id);
});

it('paths are ordered by their bytes, as git does', () => {
  const paths = ['b', 'a/b', 'a.b', 'B', 'ä', '\u{1f680}', '\uffee', 'a'];
  const sorted = [...sortedByPath(paths.map((path) => [path, 0] as const)).keys()];
  expect(sorted).toEqual(['B', 'a', 'a.b', 'a/b', 'b', 'ä', '\uffee', '\u{1f680}']);
});

describe('a listing', () => {
  it('has the mode and the blob of every file', () => {
    const blob = blobId(Buffer.from('x'));
    expect(Object.fromEntries(listing(treeOf({ a: 'x', b: executable('x'), c: link('x') })))).toEqual({
      a: { blob, mode: '100644' },
      b: { blob, mode: '100755' },
      c: { blob, mode: '120000' },
    });
  });
});
