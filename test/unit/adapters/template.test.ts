import { describe, expect, it } from 'vitest';
import { readTemplate } from '../../../src/adapters/template.js';
import { type GivenFiles, layerOf, sampleTemplate, storeOf } from '../../helpers/template.js';

const head = (name: string): string => `name: ${name}\ntitle: T\nsummary: S\n`;
const read = (files: GivenFiles, builtin = layerOf({ title: 'Built-in' })) =>
  readTemplate(storeOf(files), 'the folder', () => builtin);

describe('a template repository', () => {
  it('has a base and branches by name', () => {
    const { base, branches } = read(sampleTemplate);
    expect(base.manifest.title).toBe('Base');
    expect([...branches.keys()]).toEqual(['forest', 'meadow']);
    expect(branches.get('forest')?.folder).toBe('branches/forest');
    expect([...(branches.get('meadow')?.files.keys() ?? [])]).toEqual(['meadow.txt']);
  });

  it('stands on the base of mlsys where it has branches only', () => {
    expect(read({ 'branches/forest/branch.yaml': head('forest') }).base.manifest.title).toBe('Built-in');
  });

  it.each([
    ['nothing', {}, /the folder is no template: it has neither/],
    ['other files', { 'README.md': '' }, /is no template/],
    ['a branch folder without manifest', { 'branches/forest/x': '' }, /branches\/forest has no branch.yaml/],
    ['a faulty manifest', { 'branches/forest/branch.yaml': 'name: 3' }, /branch.yaml is no valid manifest/],
    ['a base of another name', { 'templates/base/layer.yaml': head('forest') }, /the base is named main, not forest/],
  ])('is refused where it holds %s', (_, files: GivenFiles, reason) => {
    expect(() => read(files)).toThrow(reason);
  });

  it('is refused where a section of the README is not there', () => {
    const { base } = read({ 'templates/base/layer.yaml': `${head('main')}docs: {readme: R.md}\n` });
    expect(() => base.readme).toThrow(/docs.readme names R.md, which is not there/);
  });
});
