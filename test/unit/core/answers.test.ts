import { describe, expect, it } from 'vitest';
import {
  collectQuestions,
  parseAnswer,
  parseAssignments,
  resolveAnswers,
  type AnswerRequest,
} from '../../../src/core/answers.js';
import { question } from '../../../src/schema/manifest.js';
import { layerOf } from '../../helpers/template.js';

const ask = (given: object) => question.parse({ default: '', ...given });
const kinds = {
  string: ask({ type: 'string' }),
  boolean: ask({ type: 'boolean', default: false }),
  integer: ask({ type: 'integer', default: 1 }),
  number: ask({ type: 'number', default: 1 }),
  choice: ask({ type: 'choice', choices: ['auto', 'cpu', 'cuda'], default: 'auto' }),
};

describe('an answer', () => {
  it.each([
    ['boolean', 'yes', true],
    ['boolean', 'TRUE', true],
    ['boolean', ' on ', true],
    ['boolean', '1', true],
    ['boolean', 'n', false],
    ['boolean', false, false],
    ['integer', '42', 42],
    ['integer', '-7', -7],
    ['integer', '1e3', 1000],
    ['number', '0.5', 0.5],
    ['number', 2, 2],
    ['choice', 'cpu', 'cpu'],
    ['choice', ' cpu ', 'cpu'],
    ['string', ' text ', 'text'],
    ['string', 'quotes \' " ` and \\ $x #', 'quotes \' " ` and \\ $x #'],
    ['string', '日本語 🚀', '日本語 🚀'],
    ['string', '__proto__', '__proto__'],
    ['string', '{ one brace }', '{ one brace }'],
  ] as const)('of type %s, given %j, is %j', (type, given, expected) => {
    expect(parseAnswer('q', kinds[type], given)).toBe(expected);
  });

  it.each([
    ['boolean', 'maybe', /true or false/],
    ['boolean', '', /true or false/],
    ['integer', '1.5', /a whole number/],
    ['integer', '9007199254740993', /a whole number/],
    ['integer', 'x', /a number/],
    ['number', '', /a number/],
    ['number', 'Infinity', /a number/],
    ['number', 'NaN', /a number/],
    ['choice', 'gpu', /one of auto, cpu, cuda/],
    ['choice', '', /one of/],
    ['string', 'a\nb', /more than one line/],
    ['string', 'a\rb', /more than one line/],
    ['string', 'a\u2028b', /control character/],
    ['string', 'a\0b', /control character/],
    ['string', 'a\u001bb', /control character/],
    ['string', '\ud800', /control character/],
    ['string', '{{7*7}}', /"\{\{"/],
    ['string', 'a }} b', /"\{\{"/],
    ['string', 'x'.repeat(2001), /2001 characters, at most 2000/],
  ] as const)('of type %s can’t be %j', (type, given, reason) => {
    expect(() => parseAnswer('q', kinds[type], given)).toThrow(reason);
  });

  it('must match the whole pattern', () => {
    const asked = ask({ type: 'string', pattern: '[a-z]+', default: 'a' });
    expect(parseAnswer('q', asked, 'abc')).toBe('abc');
    expect(() => parseAnswer('q', asked, 'abc1')).toThrow(/matches \[a-z\]\+/);
  });

  it('that is almost a choice gets it suggested', () => {
    expect(() => parseAnswer('q', kinds.choice, 'cdua')).toThrow(
      expect.objectContaining({ hint: 'did you mean cuda?' }),
    );
  });
});

describe('the answers of a project', () => {
  const questions = new Map(Object.entries({ ...kinds, token: question.parse({ secret: true }) }));
  const resolve = (given: Record<string, string>, former: AnswerRequest['former'] = {}) =>
    resolveAnswers({ questions, given: new Map(Object.entries(given)), former });

  it('are the defaults where nothing is given', () => {
    expect(resolve({})).toEqual({ string: '', boolean: false, integer: 1, number: 1, choice: 'auto' });
  });

  it('are what is given, before what the lock holds, before the default', () => {
    expect(resolve({ integer: '3' }, { integer: 2, number: 5 })).toMatchObject({
      integer: 3,
      number: 5,
      choice: 'auto',
    });
  });

  it('hold no secret', () => {
    expect(resolve({ token: 'hunter2' })).not.toHaveProperty('token');
  });

  it('are refused where nothing asks for them, with the near one', () => {
    expect(() => resolve({ choise: 'cpu' })).toThrow(expect.objectContaining({ hint: 'did you mean choice?' }));
    expect(() => resolve({ ['__proto__']: 'x' })).toThrow(/no question is named/);
    expect(() => resolveAnswers({ questions: new Map(), given: new Map([['a', 'b']]) })).toThrow(
      expect.objectContaining({ hint: 'this template asks nothing' }),
    );
  });
});

describe('the questions of several layers', () => {
  const asking = (name: string, help: string) =>
    layerOf({ name, questions: { device: { type: 'string', default: 'cpu', help } } });

  it('are asked once, where two layers ask the same', () => {
    expect([...collectQuestions([asking('main', 'Which'), asking('forest', 'Which')]).keys()]).toEqual(['device']);
  });

  it('are an error where two layers ask them in different ways', () => {
    expect(() => collectQuestions([asking('main', 'Which'), asking('forest', 'What')])).toThrow(/device in different/);
  });
});

describe('--set', () => {
  it.each([
    ['a=b', 'a', 'b'],
    ['a=', 'a', ''],
    ['a=b=c', 'a', 'b=c'],
    ['a = b', 'a', ' b'],
    ['__proto__=x', '__proto__', 'x'],
  ])('%j gives %s the text %j', (assignment, name, value) => {
    expect([...parseAssignments([assignment])]).toEqual([[name, value]]);
  });

  it.each(['a', '=b', ''])('%j is refused', (assignment) => {
    expect(() => parseAssignments([assignment])).toThrow(/name=value/);
  });

  it('takes the last of two', () => {
    expect(parseAssignments(['a=1', 'a=2']).get('a')).toBe('2');
  });
});
