import { describe, expect, it } from 'vitest';
import { differences } from '../../../src/core/contribute/line-diff.js';
import { makeTemplate, turnBack } from '../../../src/core/contribute/turn-back.js';
import { renderText } from '../../../src/core/render.js';

const answers = {
  project_name: 'my-project',
  package_name: 'my_project',
  description: 'Scores of loans',
  accelerator: 'auto',
  api: true,
  gpu: false,
  tasks: [{ name: 'train' }, { name: 'test' }],
  dependencies: ['a>=1', 'b>=2'],
};
const names = { project_name: 'my-project', package_name: 'my_project' };

interface Asked {
  readonly path?: string;
  readonly data?: typeof answers;
  readonly ordinary?: readonly string[];
}

function turn(
  template: string,
  edit: (rendered: string) => string,
  { path = 'x.txt', data = answers, ordinary = [] }: Asked = {},
) {
  const rendered = renderText(template, data, path);
  const own = { project_name: data.project_name, package_name: data.package_name };
  const values = { names: own, isOrdinary: (word: string) => ordinary.includes(word) };
  const wanted = edit(rendered);
  const result = turnBack({ path, template, rendered, wanted, data, values, isTemplate: true });
  expect(renderText(result.template, data, path)).toBe(result.rendered);
  return { ...result, wanted };
}

const replace = (from: string, to: string) => (text: string) => text.replace(from, to);

describe('a change in a file that the template renders', () => {
  it.each<[string, string, (text: string) => string, string]>([
    [
      'keeps the variables of lines that stay',
      'a\n# {{project_name}}\nb\n',
      replace('b\n', 'B\n'),
      'a\n# {{project_name}}\nB\n',
    ],
    [
      'keeps the variables of a line that was changed beside them',
      '# {{project_name}}: x\n',
      replace(': x', ': new'),
      '# {{project_name}}: new\n',
    ],
    [
      'keeps a value that says nothing by itself',
      'device: {{yaml accelerator}} # x\n',
      replace('# x', '# y'),
      'device: {{yaml accelerator}} # y\n',
    ],
    [
      'turns the package’s name in a new line into its variable',
      'a\n',
      (t) => `${t}import my_project.core\n`,
      'a\nimport {{package_name}}.core\n',
    ],
    [
      'turns the project’s name into its variable',
      'a\n',
      (t) => `${t}run my-project now\n`,
      'a\nrun {{project_name}} now\n',
    ],
    [
      'leaves a longer word alone',
      'a\n',
      (t) => `${t}my-project-2 not_my_project\n`,
      'a\nmy-project-2 not_my_project\n',
    ],
    [
      'quotes as the file does',
      'n = {{toml package_name}}\nm = 1\n',
      replace('m = 1', 'm = ["my_project"]'),
      'n = {{toml package_name}}\nm = [{{toml package_name}}]\n',
    ],
    [
      'turns a long answer into the expression of the file',
      'd = {{toml description}}\n',
      (t) => `${t}e = "Scores of loans"\n`,
      'd = {{toml description}}\ne = {{toml description}}\n',
    ],
    [
      'keeps the name in a word that grew around it',
      'path = "{{package_name}}"\n',
      replace('my_project', 'src/my_project/cli'),
      'path = "src/{{package_name}}/cli"\n',
    ],
    [
      'escapes braces of GitHub',
      'a\n{{project_name}}\n',
      replace('a\n', 'a ${{ github.ref }}\n'),
      'a $\\{{ github.ref }}\n{{project_name}}\n',
    ],
    [
      'changes text behind escaped braces',
      'x: $\\{{ a }} b\n{{project_name}}\n',
      replace(' b', ' c'),
      'x: $\\{{ a }} c\n{{project_name}}\n',
    ],
    [
      'changes a line in a condition',
      '{{#if api}}\nserve\n{{/if}}\n',
      replace('serve', 'serve all'),
      '{{#if api}}\nserve all\n{{/if}}\n',
    ],
    [
      'changes the other side of a condition',
      '{{#if gpu}}\na\n{{else}}\nb\n{{/if}}\n',
      replace('b', 'c'),
      '{{#if gpu}}\na\n{{else}}\nc\n{{/if}}\n',
    ],
    [
      'changes a line beside blocks',
      '{{#if api}}\n\n[api]\n{{/if}}\n\n[ruff]\nline = 120\n',
      replace('120', '100'),
      '{{#if api}}\n\n[api]\n{{/if}}\n\n[ruff]\nline = 100\n',
    ],
    [
      'changes what every turn of a loop prints, if all were changed',
      '{{#each tasks}}\nrun {{name}}\n{{/each}}\n',
      (t) => t.replaceAll('run', 'uv run'),
      '{{#each tasks}}\nuv run {{name}}\n{{/each}}\n',
    ],
    [
      'adds a line behind a loop',
      '{{#each tasks}}\n{{name}}\n{{/each}}\nend\n',
      replace('end', 'more\nend'),
      '{{#each tasks}}\n{{name}}\n{{/each}}\nmore\nend\n',
    ],
    [
      'names the package from within a loop',
      '{{#each tasks}}\n{{../package_name}} {{name}}\n{{/each}}\n',
      (t) => t.replaceAll('my_project ', 'my_project my_project '),
      '{{#each tasks}}\n{{../package_name}} {{../package_name}} {{name}}\n{{/each}}\n',
    ],
    ['takes lines away', 'a\n{{project_name}}\nb\n', replace('my-project\n', ''), 'a\nb\n'],
    ['keeps the end of a file without a line end', '{{project_name}}\nb', (t) => `${t}c`, '{{project_name}}\nbc'],
    ['keeps line ends of Windows', '{{project_name}}\r\na\r\n', replace('a\r', 'b\r'), '{{project_name}}\r\nb\r\n'],
    ['fills an empty file', '', () => 'from my_project import x\n', 'from {{package_name}} import x\n'],
  ])('%s', (_, template, edit, expected) => {
    const { template: next, refused, rendered, wanted } = turn(template, edit);
    expect({ next, refused }).toEqual({ next: expected, refused: [] });
    expect(rendered).toBe(wanted);
  });

  it.each<[string, string, (text: string) => string, number, RegExp]>([
    [
      'a value of the project’s own',
      'd = {{toml description}}\nb\n',
      replace('Scores of loans', 'Scores of cars'),
      1,
      /value of \{\{toml description\}\}/,
    ],
    [
      'one turn of a loop',
      '{{#each tasks}}\nrun {{name}}\n{{/each}}\n',
      replace('run test', 'uv run test'),
      2,
      /made from the tasks of the layers/,
    ],
    [
      'an entry of a list from the manifests',
      '[\n{{#each dependencies}}\n{{toml this}},\n{{/each}}\n]\n',
      replace('"b>=2"', '"b>=3"'),
      3,
      /made from the dependencies/,
    ],
    [
      'lines across the end of a block',
      'a\n{{#if api}}\nb\n{{/if}}\nc\n',
      replace('b\nc\n', 'x\n'),
      2,
      /across \{\{#if api\}\}/,
    ],
    ['braces that rendering would refuse', '{{project_name}}\na\n', replace('a', '{{ jinja }}'), 2, /"\{\{" is left/],
  ])('is listed where it is %s', (_, template, edit, line, reason) => {
    const result = turn(template, (text) => `${edit(text)}`);
    expect(result.refused.map((one) => one.line)).toEqual([line]);
    expect(result.refused[0]?.reason).toMatch(reason);
    expect(result.template).toBe(template);
  });

  it('is brought back without the lines that can’t be', () => {
    const template = '{{toml description}}\na\nb\nc\n';
    const { template: next, refused } = turn(template, (text) =>
      text.replace('Scores of', 'Grades of').replace('c', 'C'),
    );
    expect(next).toBe('{{toml description}}\na\nb\nC\n');
    expect(refused.map(({ line }) => line)).toEqual([1]);
  });

  it('gives a name that is a word of the template its variable only where code imports it', () => {
    const data = { ...answers, project_name: 'shop', package_name: 'shop' };
    const edit = (text: string): string => `${text}from shop import a  # the shop\n`;
    const { template } = turn('a\n', edit, { path: 'a.py', data, ordinary: ['shop'] });
    expect(template).toBe('a\nfrom {{package_name}} import a  # the shop\n');
  });

  it('tells the two names apart by the language, where they are one word', () => {
    const data = { ...answers, project_name: 'shop', package_name: 'shop' };
    expect(turn('a\n', (t) => `${t}x = shop.y\nimport shop\n`, { path: 'a.py', data }).template).toBe(
      'a\nx = {{package_name}}.y\nimport {{package_name}}\n',
    );
    expect(turn('a\n', (t) => `${t}the shop\n`, { path: 'a.md', data }).template).toBe('a\nthe {{project_name}}\n');
  });
});

describe('a file that was no template', () => {
  const make = (rendered: string, wanted: string, path = 'tests/test_a.py', own = names) =>
    makeTemplate({
      path,
      rendered,
      wanted,
      data: { ...answers, ...own },
      values: { names: own, isOrdinary: () => false },
    });

  it('becomes one where it imports the package', () => {
    expect(make('x = 1\n', 'from my_project import x\nx = 1\n')?.template).toBe(
      'from {{package_name}} import x\nx = 1\n',
    );
  });

  it.each([
    ['it names nothing', 'x = 1\n', 'x = 2\n', names],
    ['the name was there before', 'my_project = 1\n', 'my_project = 1\nx = 2\n', names],
    ['a plain word may mean something else', '', '# the shop closes\n', { project_name: 'shop', package_name: 'shop' }],
  ])('stays as it is where %s', (_, rendered, wanted, own) => {
    expect(make(rendered, wanted, 'a.py', own)).toBeUndefined();
  });

  it('stays plain where braces keep it from becoming one, without the lines that name the project', () => {
    const made = make('{{ jinja }}\na\nb\n', '{{ jinja }}\nimport my_project\na\nB\n');
    expect(made).toMatchObject({ isTemplate: false, template: '{{ jinja }}\na\nB\n' });
    expect(made?.refused).toEqual([{ line: 2, reason: expect.stringContaining('"{{"') as string }]);
  });

  it('follows the name that an import gave', () => {
    const own = { project_name: 'shop', package_name: 'shop' };
    expect(make('', 'import shop\n\nassert shop.x  # a shop\n', 'tests/test_a.py', own)?.template).toBe(
      'import {{package_name}}\n\nassert {{package_name}}.x  # a shop\n',
    );
  });
});

describe('differences of two lists', () => {
  it.each([
    ['', '', []],
    ['abc', 'abc', []],
    ['abc', 'axc', [[1, 2, 1, 2]]],
    ['abc', 'abxc', [[2, 2, 2, 3]]],
    ['abcd', 'ad', [[1, 3, 1, 1]]],
    ['abcabba', 'cbabac', undefined],
    ['', 'ab', [[0, 0, 0, 2]]],
  ])('%s → %s', (a, b, expected) => {
    const spans = differences([...a], [...b]);
    if (expected !== undefined) {
      expect(spans.map((s) => [s.aStart, s.aEnd, s.bStart, s.bEnd])).toEqual(expected);
    }
    let [text, at] = ['', 0];
    for (const span of spans) {
      text += a.slice(at, span.aStart) + b.slice(span.bStart, span.bEnd);
      at = span.aEnd;
    }
    expect(text + a.slice(at)).toBe(b);
  });
});
