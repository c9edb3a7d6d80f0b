import { describe, expect, it } from 'vitest';
import { lintTemplate } from '../../../src/core/lint/lint.js';
import { type GivenFiles, link, sampleTemplate, storeOf } from '../../helpers/template.js';

const head = (name: string): string => `name: ${name}\ntitle: T\nsummary: S\n`;
const builtin: GivenFiles = {
  'templates/base/layer.yaml': `${head('main')}questions:\n  shared: {default: x}\n`,
  'templates/base/files/base.txt.hbs': '{{shared}}\n',
};
const lint = (files: GivenFiles): string[] =>
  lintTemplate(storeOf(files), storeOf(builtin)).map(({ file, line, message }) => `${file}:${line}: ${message}`);
const forest = (manifest: string, files: GivenFiles = {}): GivenFiles => ({
  'branches/forest/branch.yaml': head('forest') + manifest,
  ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`branches/forest/${path}`, text])),
});

describe('a good template', () => {
  it.each([
    ['with its own base', sampleTemplate],
    ['of branches alone, on the base of mlsys', forest('', { 'files/a.txt.hbs': '{{shared}} {{package_name}}' })],
    ['that is a base alone', builtin],
  ])('%s has no fault', (_, files) => {
    expect(lint(files)).toEqual([]);
  });
});

describe('a fault of a template', () => {
  it.each<[string, GivenFiles, RegExp]>([
    [
      'no manifest at all',
      { 'README.md': 'x' },
      /^templates\/base\/layer.yaml:1: is not there.*no template repository/,
    ],
    [
      'a branch without manifest',
      { ...builtin, 'branches/forest/x': '' },
      /^branches\/forest\/branch.yaml:1: is not there/,
    ],
    ['a manifest that is not whole', { 'branches/forest/branch.yaml': 'name: forest\n' }, /branch.yaml:1: title/],
    ['an unknown key', forest('taks: {}\n'), /branch.yaml:4: unknown key taks, did you mean tasks\?/],
    [
      'two branches with one name',
      { ...forest('aliases: [meadow]\n'), 'branches/meadow/branch.yaml': head('meadow') },
      /^branches\/meadow\/branch.yaml:1: the name meadow belongs to branches\/forest already/,
    ],
    [
      'a folder with another name',
      { 'branches/woods/branch.yaml': head('forest') },
      /^branches\/woods\/branch.yaml:1: the branch is named forest, its folder woods/,
    ],
    [
      'a branch below that is not there',
      forest('extends: [meadw]\n'),
      /branch.yaml:4: extends meadw, which is not there/,
    ],
    [
      'branches in a circle',
      { ...forest('extends: [meadow]\n'), 'branches/meadow/branch.yaml': `${head('meadow')}extends: [forest]\n` },
      /in a circle/,
    ],
    [
      'a path that leaves the root',
      forest('', { 'files/a/../../x': '' }),
      /files\/a\/..\/..\/x:1: the path leaves the root/,
    ],
    ['a path into git’s folder', forest('', { 'files/.GIT/config.hbs': '' }), /the path reaches into git’s own folder/],
    ['a link outward', forest('', { 'files/a': link('../b') }), /files\/a:1: the path is a symbolic link that leaves/],
    [
      'paths that differ by case',
      forest('', { 'files/a': '', 'files/A.hbs': '' }),
      /files\/A:1: can't exist beside a|files\/A(.hbs)?:1: can't exist/,
    ],
    [
      'the path of another layer',
      forest('', { 'files/base.txt': '' }),
      /^branches\/forest\/files\/base.txt:1: templates\/base has a file of this path already/,
    ],
    [
      'an unknown name in a file',
      forest('', { 'files/a.hbs': 'about\n{{about}} {{#if sharde}}x{{/if}}' }),
      /files\/a.hbs:2: no answer is named sharde: did you mean shared\?/,
    ],
    [
      'an unknown name in a path',
      forest('', { 'files/{{pakage_name}}/a': '' }),
      /files\/\{\{pakage_name\}\}\/a:1: no answer is named pakage_name: did you mean package_name\?/,
    ],
    [
      'an unknown name in a condition',
      forest('when:\n  - {files: [a], if: api}\n', { 'files/a': '' }),
      /branch.yaml:5: no answer is named api/,
    ],
    [
      'a condition that can’t be read',
      forest('when:\n  - {files: [a], if: "shared =="}\n', { 'files/a': '' }),
      /branch.yaml:5: the condition .* can't be read/,
    ],
    [
      'a condition on a branch that is not there',
      forest('when:\n  - {files: [a], if: branch medow}\n', { 'files/a': '' }),
      /branch.yaml:5: .*medow/,
    ],
    [
      'an unknown name in a task',
      forest('tasks:\n  a:\n    command: "{{nmae}} x"\n    help: h\n'),
      /no answer is named nmae/,
    ],
    [
      'a question nobody uses',
      forest('questions:\n  depth:\n    default: x\n'),
      /branch.yaml:5: nothing uses the answer depth/,
    ],
    [
      'a pattern of files that are not there',
      forest('once: ["data/**"]\n'),
      /branch.yaml:4: data\/\*\* matches no file/,
    ],
    [
      'a part whose files are not there',
      forest('parts:\n  - {if: shared, files: ["api/**"]}\n'),
      /branch.yaml:5: api\/\*\* matches no file/,
    ],
    [
      'a part under a condition that no answer gives',
      forest('parts:\n  - {if: shraed, files: [a]}\n', { 'files/a': '' }),
      /branch.yaml:5: no answer is named shraed/,
    ],
    [
      'a part with a plugin without module',
      forest('parts:\n  - {if: shared, plugins: {commands: {llm: ".llm.cli:app"}}}\n'),
      /the plugin .llm.cli:app has no module/,
    ],
    [
      'a section that is not there',
      forest('docs:\n  readme: README.section.md\n'),
      /branch.yaml:5: README.section.md is not there/,
    ],
    [
      'a page that is not there',
      forest('docs:\n  pages:\n    - {path: docs/a.md, title: A}\n'),
      /branch.yaml:6: docs\/a.md is not there/,
    ],
    [
      'a plugin without module',
      forest('plugins:\n  commands:\n    llm: .llm.cli:app\n'),
      /branch.yaml:6: the plugin .llm.cli:app has no module/,
    ],
    [
      'a step that is no task',
      forest('tasks:\n  all:\n    steps: [tset]\n    help: h\n  test: {command: x, help: h}\n'),
      /branch.yaml:5: the task all has the step tset, which is no task: did you mean test\?/,
    ],
    ['a template that can’t be parsed', forest('', { 'files/a.hbs': 'x\n{{#if shared}}' }), /files\/a.hbs:2: .*parse/],
    [
      'a value that needs quoting',
      forest('questions:\n  q: {default: "a b"}\n  r: {default: "\\"x\\""}\n', { 'files/a.hbs': '{{q}}\n{{r}}' }),
      /files\/a.hbs:2: .*needs quoting/,
    ],
    [
      'a file that does not parse',
      forest('', { 'files/a.json.hbs': '{"a": {{shared}} }' }),
      /files\/a.json.hbs:1: what it renders is no valid JSON/,
    ],
    [
      'a file that is wrong for one choice only',
      forest('questions:\n  q: {type: choice, choices: ["1", x], default: "1"}\n', {
        'files/a.json.hbs': '{"a": {{q}} }',
      }),
      /no valid JSON/,
    ],
    [
      'a section that does not render',
      forest('docs: {readme: R.md.hbs}\n', { 'R.md.hbs': '\n\n{{nmae}}' }),
      /^branches\/forest\/R.md.hbs:3: .*no answer is named nmae/,
    ],
    [
      'a file that mlsys writes',
      forest('', { 'files/.mlsys/lock.json': '{}' }),
      /files\/.mlsys\/lock.json:1: mlsys writes/,
    ],
  ])('is %s', (_, files, expected) => {
    expect(lint(files).join('\n')).toMatch(expected);
  });
});

it('all faults come at once, by file and line', () => {
  const faults = lint({
    ...forest('once: [nothing]\nquestions:\n  depth: {default: x}\n', { 'files/a.hbs': '{{b}}\n{{c}}' }),
    'branches/meadow/branch.yaml': `${head('meadow')}taks: {}\n`,
  });
  expect(faults.map((fault) => fault.split(': ', 1)[0])).toEqual([
    'branches/forest/branch.yaml:4',
    'branches/forest/branch.yaml:6',
    'branches/forest/files/a.hbs:1',
    'branches/forest/files/a.hbs:2',
    'branches/meadow/branch.yaml:4',
  ]);
});

it('a fault of the base is told once, not for every branch on it', () => {
  const files = {
    ...forest(''),
    'templates/base/layer.yaml': head('main'),
    'templates/base/files/a.json.hbs': '{{project_name}}',
  };
  expect(lint(files)).toHaveLength(1);
});

it('answers of a branch are known in its own files and those above it alone', () => {
  const files = {
    ...forest('questions:\n  q: {default: x}\n', { 'files/a.hbs': '{{q}}' }),
    'branches/meadow/branch.yaml': `${head('meadow')}extends: [forest]\n`,
    'branches/meadow/files/b.hbs': '{{q}}',
    'branches/pond/branch.yaml': head('pond'),
    'branches/pond/files/c.hbs': '{{q}}',
  };
  expect(lint(files)).toEqual([expect.stringMatching(/^branches\/pond\/files\/c.hbs:1: no answer is named q/)]);
});

it('a fault is on the line of the word, not on one that only holds its letters', () => {
  const files = forest('tasks:\n  rapid: {command: x, help: an api-like thing}\nwhen:\n  - {files: [a], if: api}\n', {
    'files/a': '',
  });
  expect(lint(files)).toEqual([expect.stringMatching(/branch.yaml:7: no answer is named api/)]);
});
