import { describe, expect, it } from 'vitest';
import { bringTogether, togetherIn, togetherWith } from '../../../src/core/together.js';
import { renderBranch } from '../../../src/ui/branch.js';
import { layerOf } from '../../helpers/template.js';

const base = layerOf({ parts: [{ if: 'branch sea', files: ['tide.md'] }] }, { 'tide.md': '' });
const forest = layerOf(
  {
    name: 'forest',
    parts: [
      { if: 'api', files: ['api.py'] },
      { if: 'not branch sea', files: ['dry.md'] },
      {
        if: 'branch sea',
        summary: 'Trees that stand in salt water',
        files: ['src/{{package_name}}/mangroves/**'],
        plugins: { trees: { mangrove: '.mangroves:grow' } },
        tasks: { plant: { command: 'plant', help: 'Plant one' } },
        pages: [{ path: 'docs/mangroves.md', title: 'Mangroves' }],
      },
    ],
    when: [{ if: 'branch sea and branch desert and api', files: ['wood.md'] }],
  },
  {
    'api.py': '',
    'dry.md': '',
    'wood.md': '',
    'src/{{package_name}}/mangroves/grow.py': '',
    'src/{{package_name}}/mangroves/text.md.hbs': '',
  },
);
const sea = layerOf({ name: 'sea' });
const desert = layerOf({ name: 'desert' });
const layers = [base, forest, sea, desert];

describe('what branches bring to each other', () => {
  it('is what asks for another branch, not what an answer or its absence brings', () => {
    expect(bringTogether(layers).map(({ branches, from, files }) => ({ branches, from, files }))).toEqual([
      { branches: ['sea'], from: 'main', files: ['tide.md'] },
      {
        branches: ['forest', 'sea'],
        from: 'forest',
        files: ['src/{{package_name}}/mangroves/grow.py', 'src/{{package_name}}/mangroves/text.md.hbs'],
      },
      { branches: ['desert', 'forest', 'sea'], from: 'forest', files: ['wood.md'] },
    ]);
  });

  it('is told for each of them', () => {
    expect(togetherWith(layers, 'desert').map(({ files }) => files)).toEqual([['wood.md']]);
    expect(togetherWith(layers, 'sea')).toHaveLength(3);
  });

  it('is in a project that has them all, and the answers that go with it', () => {
    const inProject = (branches: string[], api = false): number =>
      togetherIn(layers, { branches, answers: { api } }).length;
    expect([inProject(['forest']), inProject(['forest', 'sea'])]).toEqual([0, 2]);
    expect([inProject(['forest', 'sea', 'desert']), inProject(['forest', 'sea', 'desert'], true)]).toEqual([2, 3]);
  });

  it('is shown in words, with what else it depends on', () => {
    const shown = renderBranch(sea, togetherWith(layers, 'sea'));
    expect(shown).toContain(
      [
        'With forest',
        '  Trees that stand in salt water',
        '  trees  mangrove',
        '  task   plant: Plant one',
        '  page   Mangroves (docs/mangroves.md)',
        '  files  2',
      ].join('\n'),
    );
    expect(shown).toContain('With desert and forest (if api), from forest\n');
    expect(shown).toContain('From main\n');
  });
});
