import { describe, expect, test } from 'vitest';
import { oldestMlsys, readManifest } from '../../../src/core/manifest.js';
import { migrationsBetween, notesOf, renamesOf } from '../../../src/core/migrations.js';
import { manifestOf } from '../../helpers/template.js';

const base = manifestOf({
  migrations: [
    { version: '3.0.0', note: 'base 3' },
    { version: 'v1.10.0', note: 'base 1.10' },
    { version: '2.0.0', note: 'base 2' },
  ],
});
const forest = manifestOf({ name: 'forest', migrations: [{ version: '2.5.0', note: 'forest 2.5' }] });

test.each<[string, string, string[]]>([
  ['1.0.0', '3.0.0', ['base 1.10', 'base 2', 'forest 2.5', 'base 3']],
  ['v1.0.0', 'v2.0.0', ['base 1.10', 'base 2']],
  ['1.9.0', '1.10.0', ['base 1.10']],
  ['2.0.0', '2.0.0', []],
  ['3.0.0', '1.0.0', []],
  // Commits after a release, as git describes them.
  ['v1.10.0-4-g0123456789ab', 'v2.0.0-1-g0123456789ab', ['base 2']],
  // A release candidate brought the migrations of its release.
  ['1.10.0', '2.0.0-rc.1', ['base 2']],
  ['2.0.0-rc.1', '2.0.0', []],
  // What is no version has no place in their order, even if it looks like a number.
  ['working tree', '3.0.0', []],
  ['1.0.0', 'working tree', []],
  ['1.0.0', '9f3c2a1b0d4e', []],
  ['0123456789ab', '3.0.0', []],
])('from %s to %s the notes are %j', (from, to, notes) => {
  const found = notesOf(migrationsBetween([base, forest], from, to));
  expect(found.map(({ note }) => note)).toEqual(notes);
});

test('a path that moved twice goes from the first place to the last', () => {
  const moving = manifestOf({
    migrations: [
      { version: '2.0.0', renames: [{ from: 'src/{{p}}/a.py', to: 'src/{{p}}/b.py' }] },
      { version: '3.0.0', renames: [{ from: 'src/{{p}}/b.py', to: 'src/{{p}}/c.py' }] },
    ],
  });
  const render = (path: string): string => path.replace('{{p}}', 'shop');
  const through = (from: string) => Object.fromEntries(renamesOf(migrationsBetween([moving], from, '3.0.0'), render));
  expect(through('1.0.0')).toEqual({ 'src/shop/a.py': 'src/shop/c.py' });
  expect(through('2.0.0')).toEqual({ 'src/shop/b.py': 'src/shop/c.py' });
});

describe('a manifest', () => {
  test.each([
    ['migrations:\n  - {version: soon}', /migrations\.0\.version: must be a version such as 2\.0\.0/],
    ['requires: {mlsys: newest}', /requires\.mlsys: must be a range of versions/],
  ])('with %j is refused', (text, message) => {
    const { faults } = readManifest(`name: main\ntitle: T\nsummary: S\n${text}\n`);
    expect(faults.map((fault) => fault.message).join('\n')).toMatch(message);
  });

  test.each([
    ['requires: {mlsys: ">=9.0.0"}\nnovelty: 1\n', '>=9.0.0'],
    ['novelty: 1\n', undefined],
    ['- a list\n', undefined],
    ['requires: [\n', undefined],
  ])('that this mlsys may not be able to read, %j, tells its range: %s', (text, range) => {
    expect(oldestMlsys(text)).toBe(range);
  });
});
