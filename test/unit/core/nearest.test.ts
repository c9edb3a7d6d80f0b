import { describe, expect, it } from 'vitest';
import { didYouMean, distance, nearest } from '../../../src/core/nearest.js';

describe('the distance of two words', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'acb', 1],
    ['ca', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('of %j and %j is %i', (a, b, expected) => {
    expect(distance(a, b)).toBe(expected);
    expect(distance(b, a)).toBe(expected);
  });
});

describe('a near miss', () => {
  const branches = ['main', 'agentic', 'agentic-ai-system', 'llm-finetuning', 'chalk'];
  it.each([
    ['agnetic', 'agentic'],
    ['llm-fine-tuning', 'llm-finetuning'],
    ['llm', 'llm-finetuning'],
    ['Chalk', 'chalk'],
    ['chlak', 'chalk'],
    ['agentic-ai-sytem', 'agentic-ai-system'],
  ])('%s most likely means %s', (word, expected) => {
    expect(nearest(word, branches)).toBe(expected);
  });

  it.each(['', 'zzz', 'completely-different', 'x'.repeat(10_000)])('%j means none of them', (word) => {
    expect(nearest(word, branches)).toBeUndefined();
  });

  it('is a question, and without one all are listed', () => {
    expect(didYouMean('chlak', branches)).toBe('did you mean chalk?');
    expect(didYouMean('zzz', ['a1', 'b2'], 'the branches are')).toBe('the branches are: a1, b2');
  });
});
