import { describe, expect, it } from 'vitest';
import { holds, parseExpression } from '../../../src/core/expression.js';

const facts = {
  answers: { api: true, ui: false, use_case: 'mapper', layers: 3, empty: '', spaced: 'two words' },
  branches: ['chalk'],
};

describe('a condition', () => {
  it.each([
    ['api', true],
    ['ui', false],
    ['empty', false],
    ['nothing', false],
    ['layers', true],
    ['not ui', true],
    ['not not api', true],
    ['use_case == mapper', true],
    ['use_case==mapper', true],
    ['use_case == reader', false],
    ['use_case != reader', true],
    ['nothing != reader', true],
    ['layers == 3', true],
    ['api == true', true],
    ['spaced == "two words"', true],
    ['branch chalk', true],
    ['branch agentic', false],
    ['not branch agentic', true],
    ['api and ui', false],
    ['api or ui', true],
    // `and` binds closer than `or`, `not` closer than both.
    ['api or ui and ui', true],
    ['ui and ui or api', true],
    ['not ui and api', true],
    ['not api or api', true],
    ['  api  ', true],
  ])('%j is %s', (source, expected) => {
    expect(holds(source, facts)).toBe(expected);
  });

  it.each([
    '',
    ' ',
    'not',
    'api and',
    'or api',
    'api ui',
    'branch',
    'use_case ==',
    'use_case == ""',
    '== mapper',
    'api && ui',
    '(api)',
    "use_case == 'mapper'",
    'a == b == c',
    'constructor()',
  ])('%j is refused', (source) => {
    expect(() => parseExpression(source)).toThrow(/can't be read/);
  });

  it('says which answers and branches it reads', () => {
    const { names, branches } = parseExpression('api and not use_case == x or branch chalk');
    expect({ names, branches }).toEqual({ names: ['api', 'use_case'], branches: ['chalk'] });
  });

  it.each(['constructor', '__proto__', 'toString'])('%s, which every object has, is no answer', (name) => {
    expect(holds(name, facts)).toBe(false);
  });
});
