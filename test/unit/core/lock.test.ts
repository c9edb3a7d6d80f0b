import { describe, expect, it } from 'vitest';
import { parseLock } from '../../../src/core/lock.js';
import { lockText } from '../../../src/core/project.js';

const lock = {
  schema: 1 as const,
  template: { source: 'builtin', version: '1.0.0' },
  mlsys: '1.0.0',
  branches: ['forest'],
  answers: { project_name: 'p', api: true, layers: 3 },
  files: { 'a.txt': { blob: 'a'.repeat(40), mode: '100644' as const } },
};
const parse = (change: object) => () => parseLock(JSON.stringify({ ...lock, ...change }));

describe('a lock', () => {
  it('reads back as it was written', () => {
    expect(parseLock(lockText(lock))).toEqual(lock);
  });

  it.each([
    ['', /no valid JSON/],
    ['{', /no valid JSON/],
    ['null', /damaged/],
    ['[]', /damaged/],
    ['{}', /damaged/],
    ['<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n', /conflict markers/],
  ])('of the text %j is refused', (text, reason) => {
    expect(() => parseLock(text)).toThrow(reason);
  });

  it.each([
    ['a newer schema', { schema: 2 }, /written by a newer mlsys/],
    ['an unknown key', { secret: 'x' }, /damaged/],
    ['a blob that is no id', { files: { a: { blob: 'xyz', mode: '100644' } } }, /damaged/],
    ['a mode that git lacks', { files: { a: { blob: 'a'.repeat(40), mode: '100777' } } }, /damaged/],
    ['an answer that is a list', { answers: { a: [] } }, /damaged/],
    ['a commit that is none', { template: { ...lock.template, commit: 'HEAD' } }, /damaged/],
  ])('with %s is refused', (_, change, reason) => {
    expect(parse(change)).toThrow(reason);
  });

  it('says which of its parts are damaged, in which file', () => {
    expect(() => parseLock('{"schema": 1}', 'other.json')).toThrow(
      expect.objectContaining({
        message: 'other.json is damaged',
        details: expect.arrayContaining([expect.stringMatching(/^template: /)]),
        hint: expect.stringMatching(/restore it/),
      }),
    );
  });
});
