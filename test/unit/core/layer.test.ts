import { describe, expect, it } from 'vitest';
import { branchNames, findBranch, stackLayers } from '../../../src/core/layer.js';
import { layerOf, templateOf } from '../../helpers/template.js';

const template = templateOf(
  layerOf(),
  layerOf({ name: 'agentic', aliases: ['agentic-ai-system'] }),
  layerOf({ name: 'chalk', aliases: ['chalk-feature-engineering'] }),
  layerOf({ name: 'base-camp', extends: ['main'] }),
  layerOf({ name: 'above', extends: ['summit', 'base-camp'] }),
  layerOf({ name: 'summit', extends: ['base-camp'] }),
  layerOf({ name: 'loop', extends: ['pool'] }),
  layerOf({ name: 'pool', extends: ['loop'] }),
  layerOf({ name: 'lost', extends: ['nowhere'] }),
);
const stack = (...wanted: string[]) => stackLayers(template, wanted).map((layer) => layer.manifest.name);

describe('the layers of a project', () => {
  it.each([
    [[], ['main']],
    [['main'], ['main']],
    [['agentic'], ['main', 'agentic']],
    [['agentic-ai-system'], ['main', 'agentic']],
    [
      ['chalk', 'agentic'],
      ['main', 'agentic', 'chalk'],
    ],
    [
      ['agentic', 'agentic-ai-system', 'agentic'],
      ['main', 'agentic'],
    ],
    [['summit'], ['main', 'base-camp', 'summit']],
    [['above'], ['main', 'base-camp', 'summit', 'above']],
    [
      ['summit', 'above', 'base-camp'],
      ['main', 'base-camp', 'summit', 'above'],
    ],
  ])('of %j are %j', (wanted, expected) => {
    expect(stack(...wanted)).toEqual(expected);
    expect(stack(...[...wanted].reverse())).toEqual(expected);
    expect(branchNames(stackLayers(template, wanted))).toEqual(expected.slice(1));
  });

  it('can’t stand on each other in a circle', () => {
    expect(() => stack('loop')).toThrow(/in a circle: loop → pool → loop/);
  });

  it('can’t stand on one that is not there', () => {
    expect(() => stack('lost')).toThrow(/no branch "nowhere"/);
  });
});

describe('an unknown branch', () => {
  it.each([
    ['agnetic', 'did you mean agentic?'],
    ['chalk-feature-enginering', 'did you mean chalk-feature-engineering?'],
    ['Agentic', 'did you mean agentic?'],
  ])('%s: %s', (wanted, hint) => {
    expect(() => findBranch(template, wanted)).toThrow(expect.objectContaining({ hint }));
  });

  it.each(['zzzzzz', '', '__proto__', 'constructor'])('%j gets the list', (wanted) => {
    expect(() => findBranch(template, wanted)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('the branches are: main, agentic') }),
    );
  });
});
