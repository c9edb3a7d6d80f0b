import { describe, expect, test } from 'vitest';
import { branchFacts, checkBranchName, fillSkeleton, hiddenModule } from '../../../src/core/branch-create.js';
import { layerOf, treeOf } from '../../helpers/template.js';

const facts = branchFacts('credit-risk', {}, { extends: 'main', version: '1.2.3' });

test.each(['a', 'risk', 'credit-risk', 'risk2', 'r-2-d-2', 'a'.repeat(30)])(
  '%s can be the name of a branch',
  (name) => {
    expect(() => checkBranchName(name)).not.toThrow();
  },
);

test.each([
  ['', /words of a-z/],
  ['Risk', /words of a-z/],
  ['2risk', /words of a-z/],
  ['risk_model', /words of a-z/],
  ['risk-', /words of a-z/],
  ['../risk', /words of a-z/],
  ['--force', /words of a-z/],
  ['main', /that of the base/],
  ['class', /keyword of Python/],
  ['true', /keyword of Python/],
  ['null', /a meaning of its own/],
  ['logging', /a meaning of its own/],
  ['a'.repeat(31), /31 characters, at most 30/],
])('%j can be none', (name, message) => {
  expect(() => checkBranchName(name)).toThrow(message);
});

describe('the words of a branch', () => {
  test('are made from its name where nobody gives any', () => {
    expect(facts).toMatchObject({ title: 'Credit risk', extends: '', version: '1.2.3' });
    expect(facts.summary).toContain('credit risk');
  });

  test.each([
    [{ title: ' ' }, /title " " is empty/],
    [{ title: 'two\nlines' }, /one line/],
    [{ summary: 'with {{braces}}' }, /begins a variable/],
    [{ title: 'x'.repeat(81) }, /81 characters/],
  ])('%j are refused', (given, message) => {
    expect(() => branchFacts('risk', given, { extends: 'main', version: '1.0.0' })).toThrow(message);
  });
});

describe('a skeleton', () => {
  test('is filled in once, and keeps what the branch itself will render', () => {
    const skeleton = treeOf({
      'branch.yaml.hbs':
        'name: {{name}}\ncommand: "\\{{project_name}} {{name}}"\n{{#if extends}}extends: [{{extends}}]\n{{/if}}',
      'files/src/{{package_name}}/{{domain}}/core.py': '"""{{not}} {{touched}}."""\n',
      'files/tests/test_{{domain}}.py.hbs.hbs': 'from \\{{package_name}} import {{domain}}\n',
    });
    const filled = new Map([...fillSkeleton(skeleton, facts)].map(([path, { bytes }]) => [path, String(bytes)]));
    expect(Object.fromEntries(filled)).toEqual({
      'branch.yaml': 'name: credit-risk\ncommand: "{{project_name}} credit-risk"\n',
      'files/src/{{package_name}}/credit_risk/core.py': '"""{{not}} {{touched}}."""\n',
      'files/tests/test_credit_risk.py.hbs': 'from {{package_name}} import credit_risk\n',
    });
  });

  test('with a name that nothing fills in is an error', () => {
    expect(() => fillSkeleton(treeOf({ 'x.hbs': '{{nmae}}' }), facts)).toThrow(/no answer is named nmae/);
  });
});

test.each([
  ['config', 'templates/base/files/src/{{package_name}}/config/__init__.py'],
  ['cli', 'templates/base/files/src/{{package_name}}/cli.py'],
  ['views', 'templates/base/files/src/{{package_name}}/views.py.hbs'],
  ['con', undefined],
])('the package of a branch %s would hide %s', (name, path) => {
  const files = Object.fromEntries(
    ['config/__init__.py', 'cli.py', 'views.py.hbs'].map((file) => [`src/{{package_name}}/${file}`, '']),
  );
  expect(hiddenModule([layerOf({}, files)], name)).toBe(path);
});
