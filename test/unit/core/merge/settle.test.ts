import { describe, expect, it } from 'vitest';
import { clashingRequirement, requiredPackage } from '../../../../src/core/merge/requirements.js';
import { type MergedText, settle } from '../../../../src/core/merge/settle.js';

const labels = { ours: '1'.repeat(40), base: '2'.repeat(40), theirs: '3'.repeat(40) };
const options = {
  labels,
  shown: { ours: 'yours', base: 'template v1', theirs: 'template v2' },
  style: 'merge',
  valuesOnly: false,
} as const;
const hunk = (ours: string, base: string, theirs: string): string =>
  `<<<<<<< ${labels.ours}\n${ours}||||||| ${labels.base.slice(0, 7)}\n${base}=======\n${theirs}>>>>>>> ${labels.theirs}\n`;
const file = (path: string, text: string, more: Partial<MergedText> = {}): MergedText => ({
  path,
  text,
  conflicted: text.includes('<<<<<<<'),
  ours: '',
  theirs: '',
  ...more,
});

describe('a file that git could not merge', () => {
  it('is clean where each side only added to a list', () => {
    expect(settle(file('x.toml', `x = [\n${hunk('"a",\n', '', '"b",\n')}]\n`), options)).toEqual({
      kind: 'clean',
      text: 'x = [\n"a",\n"b",\n]\n',
    });
  });

  it('is a conflict with readable labels where a single hunk is left', () => {
    const text = `x = [\n${hunk('"a",\n', '', '"b",\n')}]\n${hunk('y = 1\n', 'y = 0\n', 'y = 2\n')}`;
    expect(settle(file('x.toml', text), options)).toEqual({
      kind: 'conflict',
      text: 'x = [\n"a",\n"b",\n]\n<<<<<<< yours\ny = 1\n=======\ny = 2\n>>>>>>> template v2\n',
      reason: 'both sides changed the same lines',
    });
  });

  it('stays a conflict where its markers are not those that were looked for', () => {
    const text = '<<<<<<< something else\na\n=======\nb\n>>>>>>> more\n';
    expect(settle(file('x.txt', text, { conflicted: true }), options)).toMatchObject({ kind: 'conflict', text });
  });

  it.each([
    ['the template has them and more', 'a1\nmine\n', 'a1\n', 'a1\nmine\nnews\n', 'a1\nmine\nnews\n'],
    ['the project has them and more', 'mine\na1\ntoo\n', 'a1\n', 'mine\na1\n', 'mine\na1\ntoo\n'],
    ['a line was replaced on both sides', 'b1\n', 'a1\n', 'b1\nc1\n', 'b1\nc1\n'],
    ['both added a file', 'one\n', '', 'one\ntwo\n', 'one\ntwo\n'],
  ])('is clean where one side did all that the other did: %s', (_, ours, base, theirs, text) => {
    expect(settle(file('x.py', hunk(ours, base, theirs)), options)).toEqual({ kind: 'clean', text });
  });

  it.each([
    ['the order differs', 'b1\na1\n', '', 'a1\nb1\nc1\n'],
    ['the other side brings back what was taken away', 'b1\n', 'a1\n', 'b1\na1\nc1\n'],
    ['a side only took away', '', 'a1\n', 'a1\nb1\n'],
    ['nothing but a bracket is shared', '}\n', 'a1\n', 'b1\n}\n'],
    ['a line is there once and was added twice', 'a1\na1\n', '', 'a1\nb1\n'],
  ])('stays a conflict where %s', (_, ours, base, theirs) => {
    expect(settle(file('x.py', hunk(ours, base, theirs)), options).kind).toBe('conflict');
  });

  it('keeps a line beside one that only got another value, if nothing else changes', () => {
    const text = hunk('old\nmine\n', 'old\n', 'new\n');
    expect(settle(file('x.py', text), { ...options, valuesOnly: true })).toEqual({
      kind: 'clean',
      text: 'new\nmine\n',
    });
    expect(settle(file('x.py', text), options).kind).toBe('conflict');
  });
});

describe('a file whose lines merged', () => {
  it.each([
    ['no TOML any more', 'x.toml', '[a]\n[a]\n', 'no valid TOML'],
    ['no YAML any more', 'x.yaml', 'a: 1\na: 2\n', 'no valid YAML'],
    ['no JSON any more', 'x.json', '{"a": 1,}', 'no valid JSON'],
    ['JSON with a key twice in one object', 'x.json', '{"a": {"b": 1, "b": 2}}', 'the key "b" is there twice'],
    [
      'TOML that requires a package twice',
      'pyproject.toml',
      'd = ["torch==2", "torch>=3"]\n',
      'both sides require torch',
    ],
  ])('is a conflict with both versions where it is %s', (_, path, text, reason) => {
    const settled = settle(file(path, text, { ours: '{}\n', theirs: '{}\n' }), options);
    const whole = /toml$/.test(path)
      ? settle(file(path, text, { ours: 'a = 1\n', theirs: 'b = 1\n' }), options)
      : settled;
    expect(whole).toMatchObject({ kind: 'conflict', reason: expect.stringContaining(reason) });
    expect(whole.text).toMatch(/^<<<<<<< yours\n.*=======\n.*>>>>>>> template v2\n$/s);
  });

  it.each([
    ['parses', 'x.toml', 'a = 1\n', ''],
    ['has one key in two objects', 'x.json', '{"a": {"b": 1}, "c": {"b": "{\\"b\\": 1"}}', '{}'],
    ['was broken before', 'x.toml', '[a\n', '[a'],
    ['is of a language that nobody checks', 'x.txt', '[a\n', ''],
    ['requires a package twice as one side did', 'x.toml', 'd = ["a<2", "a>1"]\n', 'd = ["a<2", "a>1"]\n'],
    ['requires one package in two lists', 'x.toml', 'd = ["a<2"]\ne = ["a>1"]\n', ''],
  ])('is clean where it %s', (_, path, text, ours) => {
    expect(settle(file(path, text, { ours, theirs: ours === '{}' ? '{}' : '' }), options)).toEqual({
      kind: 'clean',
      text,
    });
  });
});

describe('a requirement', () => {
  it.each([
    ['torch', 'torch'],
    ['Torch_Vision>=2', 'torch-vision'],
    ['uvicorn[standard] >=1; python_version > "3.11"', 'uvicorn'],
    ['pkg @ https://example.com/x.whl', 'pkg'],
    ['src/**', undefined],
    ['python -m x', undefined],
    ['', undefined],
  ])('%j is about %s', (text, name) => {
    expect(requiredPackage(text)).toBe(name);
  });

  it('is looked for in TOML only', () => {
    expect(clashingRequirement('x.json', '["a==1", "a==2"]', ['', ''])).toBeUndefined();
  });
});
