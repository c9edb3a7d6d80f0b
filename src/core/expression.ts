import { MlsysError } from '../errors.js';
import type { AnswerValue } from '../schema/manifest.js';

/** What an expression is asked about: the answers, and the branches that the project has. */
export interface Facts {
  readonly answers: Readonly<Record<string, AnswerValue>>;
  readonly branches: readonly string[];
}

/**
 * A condition of a manifest.
 *
 *     or         := and ('or' and)*
 *     and        := not ('and' not)*
 *     not        := 'not' not | 'branch' NAME | NAME (('==' | '!=') VALUE)?
 */
export interface Expression {
  readonly test: (facts: Facts) => boolean;
  /** The answers that it reads. */
  readonly names: readonly string[];
  readonly branches: readonly string[];
  /** Those of the branches that it asks for, and not the absence of. */
  readonly wanted: readonly string[];
}

const token = /\s*(==|!=|"[^"]*"|[\w.-]+)\s*/y;

function tokens(source: string): string[] {
  const found: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const start = token.lastIndex;
    const match = token.exec(source);
    if (match?.[1] === undefined) throw malformed(source, `at ${JSON.stringify(source.slice(start))}`);
    found.push(match[1]);
  }
  return found;
}

const malformed = (source: string, where: string): MlsysError =>
  new MlsysError('manifest', `the condition ${JSON.stringify(source)} can't be read ${where}`, {
    hint: 'write `answer`, `answer == value`, `answer != value` or `branch name`, joined by not, and, or',
  });

export function parseExpression(source: string): Expression {
  const rest = tokens(source);
  const names: string[] = [];
  const branches: string[] = [];
  const wanted: string[] = [];
  const next = (): string => rest.shift() ?? '';
  const word = (): string => {
    const name = next();
    if (!/^[\w.-]+$/.test(name)) throw malformed(source, 'where a name is missing');
    return name;
  };

  const unary = (isAsked = true): Expression['test'] => {
    if (rest[0] === 'not') {
      next();
      const inner = unary(!isAsked);
      return (facts) => !inner(facts);
    }
    const name = word();
    if (name === 'branch') {
      const branch = word();
      branches.push(branch);
      if (isAsked) wanted.push(branch);
      return (facts) => facts.branches.includes(branch);
    }
    names.push(name);
    const operator = rest[0];
    if (operator !== '==' && operator !== '!=') {
      return ({ answers }) => Object.hasOwn(answers, name) && answers[name] !== false && answers[name] !== '';
    }
    next();
    const value = next().replace(/^"(.*)"$/, '$1');
    if (value === '') throw malformed(source, 'where a value is missing');
    return ({ answers }) => (String(answers[name]) === value) === (operator === '==');
  };
  const chain = (operator: string, operand: () => Expression['test']) => (): Expression['test'] => {
    const parts = [operand()];
    while (rest[0] === operator) {
      next();
      parts.push(operand());
    }
    return (facts) => (operator === 'or' ? parts.some((p) => p(facts)) : parts.every((p) => p(facts)));
  };

  const test = chain(
    'or',
    chain('and', () => unary()),
  )();
  if (rest.length > 0) throw malformed(source, `at ${JSON.stringify(rest.join(' '))}`);
  return { test, names, branches, wanted };
}

export const holds = (source: string, facts: Facts): boolean => parseExpression(source).test(facts);
