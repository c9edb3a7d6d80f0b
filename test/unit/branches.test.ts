import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { branches } from '../helpers/branch-project.js';

it('gives the own tests of each branch a file, which is run', () => {
  const files = readdirSync(join(import.meta.dirname, '../branches/own'));
  expect(files.map((file) => basename(file, '.test.ts')).sort()).toEqual(branches);
});
