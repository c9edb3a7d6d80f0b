import { describe, expect, it } from 'vitest';
import { fillNames, namesIn, renderText } from '../../../src/core/render.js';

const data = {
  project_name: 'my-project',
  description: 'It\'s "quoted" & $odd',
  empty: '',
  api: true,
  ui: false,
  count: 3,
  zero: 0,
  dependencies: ['numpy>=2', 'torch'],
  none: [],
  extras: [
    { name: 'gpu', requirements: ['x', 'y'] },
    { name: 'docs', requirements: [] },
  ],
  docs: [{ layer: 'main', readme: '**bold** {text}' }],
  nested: { inner: 'value' },
};
const render = (text: string): string => renderText(text, data, 'a.hbs');

describe('a template', () => {
  it.each([
    ['no braces at all', 'no braces at all'],
    ['{{project_name}}', 'my-project'],
    ['{{ project_name }}', 'my-project'],
    ['{{count}} {{api}}', '3 true'],
    ['{{toml description}}', '"It\'s \\"quoted\\" & $odd"'],
    ['{{sh description}}', `'It'\\''s "quoted" & $odd'`],
    ['{{make (sh description)}}', `'It'\\''s "quoted" & $$odd'`],
    ['{{json empty}}', '""'],
    ['{{upper project_name}}', 'MY-PROJECT'],
    ['{{dns "My.Own_Project"}}', 'my-own-project'],
    ['{{#if api}}yes{{else}}no{{/if}}', 'yes'],
    ['{{#if ui}}yes{{else if api}}maybe{{/if}}', 'maybe'],
    ['{{#unless ui}}off{{/unless}}', 'off'],
    ['{{#if none}}some{{else}}none{{/if}}', 'none'],
    ['{{#if (eq count 3)}}three{{/if}}', 'three'],
    ['{{#if (eq project_name "other")}}x{{else}}y{{/if}}', 'y'],
    [
      '{{#each dependencies}}{{@index}}={{toml this}}{{#unless @last}}, {{/unless}}{{/each}}',
      '0="numpy>=2", 1="torch"',
    ],
    ['{{#each none}}x{{else}}nothing{{/each}}', 'nothing'],
    [
      '{{#each extras}}{{name}}:{{#each requirements}}{{../name}}-{{this}} {{/each}};{{/each}}',
      'gpu:gpu-x gpu-y ;docs:;',
    ],
    ['{{#each extras as |extra|}}{{extra.name}} {{/each}}', 'gpu docs '],
    ['{{#each extras}}{{../project_name}} {{/each}}', 'my-project my-project '],
    ['{{#each docs}}{{{readme}}}{{/each}}', '**bold** {text}'],
    ['{{nested.inner}}', 'value'],
    ['{{! a comment }}x', 'x'],
    ['${{! nothing}}', '$'],
    ['run: ${{ "{{" }}', undefined],
    ['key: $\\{{ github.ref }}', 'key: ${{ github.ref }}'],
    ['\u2028{{project_name}}日本', '\u2028my-project日本'],
  ])('%j renders to %j', (text, expected) => {
    if (expected === undefined) expect(() => render(text)).toThrow();
    else expect(render(text)).toBe(expected);
  });

  it.each([
    ['an unknown name', '{{nmae}}', /no answer is named nmae/],
    ['an unknown name in a helper', '{{toml nmae}}', /nmae/],
    ['an unknown name in a condition', '{{#if nmae}}x{{/if}}', /nmae/],
    ['an unknown name in a comparison', '{{#if (eq nmae 1)}}x{{/if}}', /nmae/],
    ['an unknown list', '{{#each nmae}}x{{/each}}', /nmae/],
    ['an unknown field', '{{nested.otter}}', /unknown|not defined/],
    ['an unknown field of an entry', '{{#each extras}}{{toml nmae}}{{/each}}', /a name is unknown/],
    ['an unknown plain field of an entry', '{{#each extras}}{{nmae}}{{/each}}', /a name is unknown/],
    ['an unknown condition in an entry', '{{#each extras}}{{#if nmae}}x{{/if}}{{/each}}', /a name is unknown/],
    ['an unknown name above an entry', '{{#each extras}}{{../nmae}}{{/each}}', /no answer is named nmae/],
    ['what every object has', '{{constructor}}', /no answer is named constructor/],
    ['what every object has, in a field', '{{toml nested.constructor}}', /a name is unknown/],
    ['what every entry has', '{{#each extras}}{{toml this.__proto__}}{{/each}}', /unknown|\[object/],
    ['a value that needs quoting', '{{description}}', /needs quoting/],
    ['an empty value without quotes', 'x = {{empty}}', /needs quoting/],
    ['an entry that needs quoting', '{{#each dependencies}}{{this}}{{/each}}', /"numpy>=2" needs quoting/],
    ['a triple brace', '{{{description}}}', /without quoting/],
    ['an ampersand', '{{&description}}', /without quoting/],
    ['a triple brace that reaches up', '{{#each docs}}{{{../description}}}{{/each}}', /without quoting/],
    ['a list as text', '{{toml dependencies}}', /a list or an object/],
    ['an object as plain text', '{{nested}}', /a list or an object/],
    ['a helper without a value', '{{toml}}{{#if api}}{{/if}}', /needs a value/],
    ['a helper with two values', '{{toml project_name description}}', /takes one value/],
    ['a helper with an option', '{{toml project_name raw=true}}', /takes one value/],
    ['a block that is none', '{{#description}}x{{/description}}', /is not one of each, if, unless/],
    ['a block that changes what names mean', '{{#with nested}}{{inner}}{{/with}}', /is not one of/],
    ['an inverted block', '{{^api}}x{{/api}}', /is not one of/],
    ['a raw block', '{{{{raw}}}} {{x}} {{{{/raw}}}}', /is not one of/],
    ['a partial', '{{> other}}', /partials/],
    ['a partial block', '{{#> other}}x{{/other}}', /partials/],
    ['an inline partial', '{{#*inline "x"}}y{{/inline}}', /decorators/],
    ['a decorator', '{{* x}}', /decorators/],
    // Helpers that Handlebars brings itself.
    ['lookup, which prints without quoting', '{{#each docs}}{{lookup this "readme"}}{{/each}}', /lookup is no helper/],
    ['lookup in a value', '{{toml (lookup nested "inner")}}', /lookup/],
    ['log, which writes to the terminal', '{{#each docs}}{{log "x"}}{{/each}}', /log is no helper/],
    ['log at the top', '{{log project_name}}', /log/],
    ['an unknown helper', '{{#each docs}}{{shout this}}{{/each}}', /shout is no helper|knownHelpersOnly/],
    ['a comparison as text', '{{eq 1 1}}', /eq/],
    ['braces that are left over', 'a \\{{b}}', /is left in the output/],
    ['braces that are never closed', 'a {{b', /line 1|Parse error/],
    ['a block that is never closed', '{{#if api}}x', /Parse error|line 1/],
    ['a block that is closed twice', '{{#if api}}x{{/each}}', /doesn't match/],
  ])('with %s is refused', (_, text, reason) => {
    expect(() => render(text)).toThrow(reason);
  });

  it.each([
    ['a name', 'one\ntwo {{nmae}}'],
    ['a name beside a block', '{{#if api}}x{{/if}}\n{{nmae}}'],
    ['a value that needs quoting', 'one\n{{description}}'],
    ['a value in a block', '{{#if api}}\n{{description}}{{/if}}'],
    ['a triple brace', 'one\n{{{description}}}'],
    ['what can’t be parsed', 'one\n{{#each}'],
    ['a block', '\n{{#with api}}{{/with}}'],
    ['an entry', '{{#each extras}}\n{{toml nmae}}{{/each}}'],
    ['what is left over', '{{#if api}}{{/if}}\n\\{{b}}'],
  ])('names its file and the line of %s', (_, text) => {
    expect(() => render(text)).toThrow(/^a\.hbs: line 2: /);
  });

  it('never sees the text of an answer as a template', () => {
    const odd = { a: '{{b}}', b: 'x' };
    expect(() => renderText('{{toml a}}', odd, 'a.hbs')).toThrow(/is left in the output/);
    expect(() => renderText('{{a}}', odd, 'a.hbs')).toThrow(/needs quoting/);
  });

  it('gives the same each time, whatever was rendered before', () => {
    const text = '{{#each extras}}{{name}}{{/each}}{{toml description}}';
    const first = render(text);
    expect(() => render('{{nmae}}')).toThrow();
    expect(render(text)).toBe(first);
  });
});

describe('a path of a template', () => {
  const fill = (text: string): string => fillNames(text, data, 'layer');

  it('has its names filled in', () => {
    expect(fill('src/{{project_name}}/{{count}}.py')).toBe('src/my-project/3.py');
  });

  it.each([
    ['{{nmae}}', /no answer is named nmae/],
    ['{{ project_name}}', /no answer is named {2}?project_name|no answer/],
    ['{{constructor}}', /no answer is named constructor/],
    ['{{description}}', /needs quoting/],
    ['{{toml description}}', /no answer is named toml description/],
    ['a{{b', /"\{\{" is left/],
  ])('%j is refused', (path, reason) => {
    expect(() => fill(path)).toThrow(reason);
  });
});

describe('the names that a template reads', () => {
  it.each([
    ['{{a}} {{toml b}} {{#if c}}{{d}}{{else}}{{e}}{{/if}}', ['a', 'b', 'c', 'd', 'e']],
    [
      '{{#each list}}{{inner}}{{../outer}}{{#each more}}{{../inner}}{{../../outmost}}{{/each}}{{/each}}',
      ['list', 'outer', 'outmost'],
    ],
    ['{{#if (eq use_case "mapper")}}{{@root}}{{/if}}', ['use_case']],
    ['{{make (sh help)}}', ['help']],
    ['{{"text"}} {{1}}', []],
  ])('%s are %j', (text, expected) => {
    expect([...namesIn(text).keys()].sort()).toEqual([...expected].sort());
  });
});
