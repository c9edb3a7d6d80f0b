import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { loadBuiltin } from '../../src/adapters/source.js';
import { bringTogether } from '../../src/core/together.js';
import { branches } from '../helpers/branch-project.js';
import { testContext } from '../helpers/context.js';

it('gives the own tests of each branch a file, which is run', () => {
  const files = readdirSync(join(import.meta.dirname, '../branches/own'));
  expect(files.map((file) => basename(file, '.test.ts')).sort()).toEqual(branches);
});

it('tells in a sentence what branches bring to each other', () => {
  const { template } = loadBuiltin(testContext());
  const parts = bringTogether([template.base, ...template.branches.values()]);
  expect(parts.length).toBeGreaterThan(0);
  expect(parts.filter(({ summary }) => summary === '').map((part) => part.if)).toEqual([]);
});
