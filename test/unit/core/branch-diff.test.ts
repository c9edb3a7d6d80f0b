import { expect, test } from 'vitest';
import { compareRendered } from '../../../src/core/branch-diff.js';
import { projectNames } from '../../../src/core/names.js';
import { renderTarget } from '../../../src/core/project.js';
import { describeBranchDiff } from '../../../src/ui/branch-diff.js';
import { layerOf, templateOf } from '../../helpers/template.js';

const base = layerOf(
  { python: { dependencies: ['pydantic>=2'] }, tasks: { test: { command: 'pytest', help: 'Run the tests' } } },
  { 'README.md': 'base\n', 'list.txt.hbs': '{{#each tasks}}{{name}} {{/each}}' },
);
const forest = layerOf(
  {
    name: 'forest',
    questions: { depth: { type: 'integer', default: 3 } },
    python: { dependencies: ['numpy>=1'], extras: { gpu: ['cupy'] } },
    env: { FOREST_KEY: { help: 'A key' } },
    tasks: { train: { command: 'train', help: 'Grow trees' } },
    requires: { memory_gb: 2 },
  },
  { 'forest.txt': 'trees\n', 'depth.txt.hbs': '{{depth}}\n' },
);
const meadow = layerOf(
  {
    name: 'meadow',
    questions: { depth: { type: 'integer', default: 3 } },
    python: { dependencies: ['numpy>=2'] },
    tasks: { train: { command: 'train', help: 'Grow flowers' } },
    services: { redis: { image: 'redis:8' } },
    plugins: { commands: { meadow: 'meadow:app' } },
  },
  { 'meadow.txt': 'flowers\n', 'depth.txt.hbs': '{{depth}}\n' },
);
const template = templateOf(base, forest, meadow);
const render = (...branches: string[]) =>
  renderTarget({ template, branches, names: projectNames('p-one'), given: new Map() });

test('says what is only in one, and what is different', () => {
  const { sections, files } = compareRendered(render('forest'), render('meadow'));
  const facts = sections.map(({ title, changes }) => [title, changes.map(({ change, name }) => `${change} ${name}`)]);
  expect(Object.fromEntries(facts)).toEqual({
    needs: ['removed memory'],
    packages: ['changed numpy'],
    extras: ['removed gpu'],
    tasks: ['changed train', 'removed train-forest', 'added train-meadow'],
    variables: ['removed FOREST_KEY'],
    services: ['added redis'],
    plugins: ['added commands meadow'],
  });
  expect(files.map(({ change, path, layer }) => `${change} ${path} of ${layer}`)).toEqual([
    'removed forest.txt of forest',
    'changed list.txt of main',
    'added meadow.txt of meadow',
  ]);
});

test('a branch is no different from itself', () => {
  const difference = compareRendered(render('forest'), render('forest'));
  expect(difference).toEqual({ sections: [], files: [] });
  expect(describeBranchDiff(difference, { from: 'forest', to: 'forest', counts: new Map() })).toBe(
    'forest and forest give the same project',
  );
});

test('what is shown names both sides, and counts the lines of files that differ', () => {
  const difference = compareRendered(render('forest'), render('meadow'));
  const counts = new Map([['list.txt', { added: 1, removed: 2 }]]);
  const lines = describeBranchDiff(difference, { from: 'forest', to: 'meadow', counts }).split('\n');
  expect(lines).toContain('  ~ numpy  numpy>=1 → numpy>=2');
  expect(lines).toContain('  ~ list.txt  +1 -2');
  expect(lines.at(-1)).toBe('3 files: 1 added, 1 removed, 1 different');
});
