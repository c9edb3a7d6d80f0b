import { describe, expect, it } from 'vitest';
import { readManifest, requireManifest } from '../../../src/core/manifest.js';

const head = 'name: forest\ntitle: Forest\nsummary: Trees\n';
const faultsOf = (text: string): string[] =>
  readManifest(text).faults.map(({ line, message }) => `${line}: ${message}`);
/** The faults of what stands below the head, with lines counted from its own first. */
const below = (text: string): string[] =>
  readManifest(`${head}${text}`).faults.map(({ line, message }) => `${line - 3}: ${message}`);

it('a manifest with name, title and summary is whole', () => {
  const { manifest, faults } = readManifest(head);
  expect(faults).toEqual([]);
  expect(manifest).toMatchObject({
    name: 'forest',
    aliases: [],
    questions: {},
    tasks: {},
    requires: { device: 'any' },
  });
});

describe('a fault of a manifest', () => {
  it.each([
    ['an unknown key', 'taks: {}', /^1: unknown key taks, did you mean tasks\?$/],
    ['an unknown key within', 'python:\n  deps: []', /^2: unknown key python\.deps/],
    [
      'an unknown key of an entry',
      'tasks:\n  a:\n    command: x\n    help: y\n    cwd: z',
      /^5: unknown key tasks\.a\.cwd/,
    ],
    ['a wrong type', 'aliases:\n  - a\n  - 3', /^3: aliases\.2?1?/],
    ['a name with capitals', 'extends: [Forest]', /^1: extends\.0: must be words of a-z/],
    [
      'a task with command and steps',
      'tasks:\n  a: {command: x, steps: [b], help: y}',
      /^2: .*either `command` or `steps`/,
    ],
    ['a task with neither', 'tasks:\n  a: {help: y}', /^2: .*either `command` or `steps`/],
    ['a task without help', 'tasks:\n  a:\n    command: x', /^2: tasks\.a\.help/],
    ['a task name with capitals', 'tasks:\n  Train: {command: x, help: y}', /^2: tasks\.Train: must be words/],
    ['a question without default', 'questions:\n  a: {help: x}', /^2: .*needs a `default`/],
    ['choices without their type', 'questions:\n  a: {choices: [x], default: x}', /^2: .*belongs to `type: choice`/],
    ['the type without choices', 'questions:\n  a: {type: choice, default: x}', /^2: .*belongs to `type: choice`/],
    ['a question with a name of mlsys', 'questions:\n  tasks: {default: x}', /^2: .*is a name that mlsys gives itself/],
    ['a question with a word of templates', 'questions:\n  readme: {default: x}', /^2: .*has a meaning of its own/],
    ['a question named like a helper', 'questions:\n  toml: {default: x}', /^2: .*has a meaning of its own/],
    ['a question with a dash', 'questions:\n  a-b: {default: x}', /^2: .*letters a-z, digits and "_"/],
    ['a question named like a prototype', 'questions:\n  __proto__: {default: x}', /^2: .*__proto__/],
    [
      'a default that is no choice',
      'questions:\n  a:\n    type: choice\n    choices: [x, y]\n    default: z',
      /^5: .*one of x, y/,
    ],
    ['a default of another type', 'questions:\n  a:\n    type: integer\n    default: many', /^4: .*must be a number/],
    ['a default that its pattern refuses', 'questions:\n  a:\n    pattern: "[0-9]+"\n    default: x', /^4: .*matches/],
    ['a pattern that is none', 'questions:\n  a:\n    default: x\n    pattern: "("', /^4: .*pattern/],
    [
      'an index that is not https',
      'python:\n  indexes:\n    - {name: x, url: "http://example.com", packages: [a]}',
      /^3: .*url/,
    ],
    ['a variable in small letters', 'env:\n  api_key: {}', /^2: .*capital letters/],
    ['a plugin without object', 'plugins:\n  commands:\n    a: .module', /^3: .*module:object/],
    ['two lines where one is meant', 'docs:\n  pages:\n    - {path: docs/a.md, title: "a\\nb"}', /^3: .*one line/],
    ['a readme outside', 'docs:\n  readme: ../../secret', /^2: .*leaves the root/],
    ['a key twice', 'aliases: []\naliases: []', /^2: .*unique/],
    ['YAML that is none', 'tasks: [', /^\d: /],
    ['a tab', 'tasks:\n\ta: 1', /^2: /],
    ['an unknown alias', 'aliases: *nowhere', /^1: .*nowhere/],
  ])('is %s', (_, text, expected) => {
    const faults = below(text);
    expect(faults.join('\n')).toMatch(expected);
  });

  it.each(['', '# only a comment', '[]', 'text', '3', 'null'])('is a document like %j', (text) => {
    expect(faultsOf(text)).toEqual([expect.stringMatching(/^1: .*expected/)]);
  });

  it('is missing where it should stand', () => {
    expect(faultsOf('name: forest\n').map((fault) => fault.slice(0, 10))).toEqual(['1: title: ', '1: summary']);
  });

  it('is a document that would grow without end', () => {
    const lines = ['a: &a0 [x, x]', ...Array.from({ length: 30 }, (_, i) => `b${i}: &a${i + 1} [*a${i}, *a${i}]`)];
    const faults = faultsOf(lines.join('\n'));
    expect(faults[0]).toBe('2: the alias *a0 is not supported');
    expect(new Set(faults.map((fault) => fault.replace(/\d+/g, '#')))).toEqual(
      new Set(['#: the alias *a# is not supported']),
    );
  });
});

it('all faults are reported at once, each with its line', () => {
  const faults = below('aliases: [A]\ntaks: {}\nrequires:\n  memory_gb: -1\n  gpu: true\nonce: [""]\n');
  expect(faults.map((fault) => fault.replace(/:.*/, '')).sort()).toEqual(['1', '2', '4', '5', '6']);
});

it('a manifest that must be right is refused with all of them', () => {
  expect(() => requireManifest(`${head}taks: {}\nonec: []\n`, 'branches/forest/branch.yaml')).toThrow(
    expect.objectContaining({
      message: 'branches/forest/branch.yaml is no valid manifest',
      details: [
        expect.stringMatching(/^branches\/forest\/branch.yaml:4: unknown key taks/),
        expect.stringMatching(/^branches\/forest\/branch.yaml:5: unknown key onec/),
      ],
    }),
  );
});
