import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { checkNameAgainstDependencies, dnsNameOf, packageNameOf, projectNames } from '../../../src/core/names.js';
import { pythonKeywords, standardModules } from '../../../src/core/python-names.js';

describe('the name in a cluster or of an image', () => {
  it.each([
    ['my-project', 'my-project'],
    ['My.Own_Project', 'my-own-project'],
    ['a--b..c__d', 'a-b-c-d'],
    ['x'.repeat(48), 'x'.repeat(48)],
  ])('of %s is %s', (name, label) => {
    expect(dnsNameOf(name)).toBe(label);
  });

  it('is cut where it is too long, always at the same place, and is not that of another project', () => {
    const [one, other] = [dnsNameOf(`${'ab-'.repeat(20)}one`), dnsNameOf(`${'ab-'.repeat(20)}two`)];
    expect(one).toMatch(/^(ab-)+a?b?-?[0-9a-f]{6}$/);
    expect(one.length).toBeLessThanOrEqual(48);
    expect(one).toBe(dnsNameOf(`${'ab-'.repeat(20)}one`));
    expect(one).not.toBe(other);
  });
});

describe('the name of a project', () => {
  it.each([
    ['my-project', 'my_project'],
    ['a', 'a'],
    ['My.Project', 'my_project'],
    ['churn2', 'churn2'],
    ['a--b..c__d', 'a_b_c__d'],
    ['a-_b', 'a__b'],
    ['console', 'console'],
    ['x'.repeat(64), 'x'.repeat(64)],
  ])('%s gives the package %s', (name, packageName) => {
    expect(projectNames(name)).toEqual({ project_name: name, package_name: packageName });
    expect(packageNameOf(name)).toBe(packageName);
  });

  it.each([
    ['', /empty/],
    ['.', /folder above or this one/],
    ['..', /folder above or this one/],
    ['x'.repeat(10_000), /10000 characters, at most 64/],
    ['🚀', /only letters a-z/],
    ['projét', /only letters a-z/],
    ['a b', /only letters a-z/],
    ['a/b', /only letters a-z/],
    ['a\\b', /only letters a-z/],
    ['a\nb', /only letters a-z/],
    ['a\n', /only letters a-z/],
    ['-a', /only letters a-z/],
    ['a-', /only letters a-z/],
    ['.hidden', /only letters a-z/],
    ['a.', /only letters a-z/],
    ['{{7*7}}', /only letters a-z/],
    ['$(id)', /only letters a-z/],
    ['__proto__', /only letters a-z/],
    ['CON', /Windows reserves it/],
    ['nul.project', /Windows reserves it/],
    ['com1', /Windows reserves it/],
    ['1st', /starts with a letter.*"1st"|starts with a letter/],
    ['class', /keyword of Python/],
    ['None', /keyword of Python/],
    ['json', /standard library/],
    ['JSON', /standard library.*"json"/],
    ['unittest', /standard library/],
    ['tests', /folder or a tool of that name/],
    ['mlsys', /folder or a tool of that name/],
    ['yaml', /folder or a tool of that name/],
  ])('%j is refused', (name, reason) => {
    expect(() => projectNames(name)).toThrow(reason);
  });

  it('may be one that gives no package, where the package has a name of its own', () => {
    expect(projectNames('json', 'my_json')).toEqual({ project_name: 'json', package_name: 'my_json' });
  });

  it.each(['My_Package', '1a', 'a-b', 'class', 'json', '', '__proto__', 'a b', 'x'.repeat(65)])(
    'the package name %j is refused',
    (packageName) => {
      expect(() => projectNames('fine', packageName)).toThrow(/can't be the name of a project/);
    },
  );

  it('is short in the message, however long it is', () => {
    const name = 'x'.repeat(10_000);
    expect(() => projectNames(name)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(name) }));
  });

  it.each([
    ['torch', 'torch>=2.9'],
    ['Scikit_Learn', 'scikit-learn[extra]>=1.5; python_version > "3.11"'],
    ['ruff', 'ruff'],
  ])('%s is refused in a project that needs %s', (name, requirement) => {
    expect(() => checkNameAgainstDependencies(projectNames(name), ['numpy', requirement])).toThrow(/depends on/);
  });

  it('may begin like the name of a dependency', () => {
    expect(() => checkNameAgainstDependencies(projectNames('torch-lab'), ['torch>=2.9'])).not.toThrow();
  });
});

describe('the words that Python keeps for itself', () => {
  const code =
    'import json,keyword,sys; print(json.dumps([keyword.kwlist, sorted(n for n in sys.stdlib_module_names if n[0] != "_")]))';
  const [keywords, modules] = JSON.parse(execFileSync('python3', ['-c', code], { encoding: 'utf8' })) as string[][];

  it('hold every keyword of the Python that is here', () => {
    expect(keywords?.map((word) => word.toLowerCase()).filter((word) => !pythonKeywords.has(word))).toEqual([]);
  });

  it('hold every public module of its standard library', () => {
    expect(modules?.filter((name) => !standardModules.has(name))).toEqual([]);
  });
});
