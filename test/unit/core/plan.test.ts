import { describe, expect, it } from 'vitest';
import { driftOf } from '../../../src/core/drift.js';
import { buildPlan, changesNothing, type PlanSources } from '../../../src/core/plan.js';
import type { Listing } from '../../../src/core/tree.js';

/** Files by path, each with a word for its content. */
const listing = (files: Record<string, string> = {}): Listing =>
  new Map(
    Object.entries(files).map(([path, blob]) => [path, { blob, mode: blob.endsWith('+x') ? '100755' : '100644' }]),
  );

interface Given {
  readonly old?: Record<string, string>;
  readonly ours?: Record<string, string>;
  readonly next?: Record<string, string>;
  readonly merged?: Record<string, string>;
  readonly more?: Partial<PlanSources>;
}

const plan = ({ old, ours, next, merged, more }: Given) =>
  buildPlan({
    old: listing(old),
    ours: listing(ours),
    next: listing(next),
    merged: listing(merged),
    conflicts: new Map(),
    moves: new Map(),
    renames: { yours: new Map(), template: new Map() },
    hidden: new Set(),
    ...more,
  });

describe('a plan', () => {
  it.each<[string, Given, object]>([
    ['a new file', { next: { a: '1' }, merged: { a: '1' } }, { action: 'create', path: 'a' }],
    [
      'a changed file',
      { old: { a: '1' }, ours: { a: '1' }, next: { a: '2' }, merged: { a: '2' } },
      { action: 'update', path: 'a' },
    ],
    ['a changed mode', { old: { a: '1' }, ours: { a: '1' }, merged: { a: '1+x' } }, { action: 'update', path: 'a' }],
    ['a deleted file', { old: { a: '1' }, ours: { a: '1' } }, { action: 'delete', path: 'a' }],
    [
      'a file whose very content is elsewhere now',
      { old: { a: '1' }, ours: { a: '1' }, next: { b: '1' }, merged: { b: '1' } },
      { action: 'move', path: 'b', from: 'a' },
    ],
    [
      'a file that the target moves and changes',
      {
        old: { b: '1' },
        ours: { a: '1' },
        next: { b: '2' },
        merged: { b: '2' },
        more: { moves: new Map([['a', 'b']]) },
      },
      { action: 'update', path: 'b', from: 'a' },
    ],
    [
      'a file that the template renamed and the person edited',
      {
        old: { a: '1' },
        ours: { a: 'mine' },
        next: { b: '2' },
        merged: { b: 'both' },
        more: { renames: { yours: new Map(), template: new Map([['b', 'a']]) } },
      },
      { action: 'update', path: 'b', from: 'a' },
    ],
    [
      'a file that the person deleted and the template changed',
      { old: { a: '1' }, next: { a: '2' } },
      { action: 'keep', path: 'a', reason: 'you deleted it' },
    ],
    [
      'a file whose change the person’s version replaces',
      { old: { a: '1' }, ours: { a: 'mine' }, next: { a: '2' }, merged: { a: 'mine' } },
      { action: 'keep', path: 'a', reason: 'your version holds the change or replaces it' },
    ],
    [
      'a conflict',
      {
        old: { a: '1' },
        ours: { a: 'm' },
        next: { a: '2' },
        merged: { a: '?' },
        more: { conflicts: new Map([['a', 'why']]) },
      },
      { action: 'conflict', path: 'a', reason: 'why' },
    ],
  ])('has one row for %s', (_, given, row) => {
    expect(plan(given).entries).toEqual([row]);
  });

  it.each<[string, Given]>([
    ['a file that nobody touched', { old: { a: '1' }, ours: { a: '1' }, next: { a: '1' }, merged: { a: '1' } }],
    ['a file that only the person edited', { old: { a: '1' }, ours: { a: 'm' }, next: { a: '1' }, merged: { a: 'm' } }],
    ['a file that both deleted', { old: { a: '1' } }],
    ['a file of mlsys', { next: { a: '1' }, merged: { a: '1' }, more: { hidden: new Set(['a']) } }],
  ])('has no row for %s', (_, given) => {
    expect(plan(given).entries).toEqual([]);
  });

  it('does not say of a file that the person renamed that they deleted it', () => {
    const renames = { yours: new Map([['b', 'a']]), template: new Map() };
    const given = { old: { a: '1' }, ours: { b: '1' }, next: { a: '2' }, merged: { b: '2' }, more: { renames } };
    expect(plan(given).entries).toEqual([{ action: 'update', path: 'b' }]);
  });

  it('that only keeps files changes nothing', () => {
    expect(changesNothing(plan({ old: { a: '1' }, next: { a: '2' } }))).toBe(true);
    expect(changesNothing(plan({ next: { a: '1' }, merged: { a: '1' } }))).toBe(false);
  });
});

describe('drift', () => {
  it('tells how each file stands to the template, in the order of paths', () => {
    const baseline = listing({ d: '1', c: '1', b: '1', a: '1' });
    const files = listing({ a: '1', b: '2', c: '1+x', e: '1', own: '1' });
    expect(driftOf(baseline, files, (path) => path === 'own')).toEqual([
      { path: 'a', state: 'as template' },
      { path: 'b', state: 'edited' },
      { path: 'c', state: 'edited' },
      { path: 'd', state: 'deleted' },
      { path: 'e', state: 'added' },
    ]);
  });
});
