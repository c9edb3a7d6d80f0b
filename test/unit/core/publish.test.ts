import { describe, expect, test } from 'vitest';
import {
  type BranchState,
  carriedPackage,
  carriedTree,
  isPublishMessage,
  planPublication,
  publishedName,
  publishMessage,
} from '../../../src/core/publish.js';
import type { TreeFile } from '../../../src/core/tree.js';

const at = (name: string, tree: string, headTree?: string, holdsMain = true): BranchState => ({
  name,
  tree,
  holdsMain: headTree !== undefined && holdsMain,
  head: headTree === undefined ? undefined : { commit: `${name}-head`, tree: headTree },
});

describe('planPublication', () => {
  test.each<[string, BranchState[], string[]]>([
    ['creates what is not there', [at('main', 'm'), at('a', 'x')], ['main create', 'a create']],
    ['leaves what is as it should be', [at('main', 'm', 'm'), at('a', 'x', 'x')], ['main unchanged', 'a unchanged']],
    ['merges a new main', [at('main', 'm2', 'm'), at('a', 'x2', 'x')], ['main update', 'a update merge']],
    [
      'merges a new main that leaves the branch alone',
      [at('main', 'm2', 'm'), at('a', 'x', 'x')],
      ['main update', 'a update merge'],
    ],
    ['moves a branch alone', [at('main', 'm', 'm'), at('a', 'x2', 'x')], ['main unchanged', 'a update']],
    [
      'merges a main that was pushed without the branch',
      [at('main', 'm', 'm'), at('a', 'x', 'x', false)],
      ['main unchanged', 'a update merge'],
    ],
    [
      'creates a new branch beside old ones',
      [at('main', 'm', 'm'), at('a', 'x', 'x'), at('b', 'y')],
      ['main unchanged', 'a unchanged', 'b create'],
    ],
  ])('%s', (_, states, expected) => {
    const steps = planPublication(states).map(({ name, action, merge }) => `${name} ${action}${merge ? ' merge' : ''}`);
    expect(steps).toEqual(expected);
  });
});

describe('the copy of mlsys in a published branch', () => {
  const file = (text: string): TreeFile => ({ bytes: Buffer.from(text), mode: '100644' });
  const read = (tree: ReadonlyMap<string, TreeFile>) =>
    Object.fromEntries([...tree].map(([path, { bytes }]) => [path, Buffer.from(bytes).toString()]));
  const own = {
    program: new Map([['bin/mlsys.js', file('bin')]]),
    ownTemplates: new Map([
      ['base/layer.yaml', file('own base')],
      ['base/files/own', file('own')],
      ['branch/x', file('skeleton')],
    ]),
  };

  test('has the base of the template where the template has one, and all else of mlsys', () => {
    const templates = new Map([['base/layer.yaml', file('their base')]]);
    expect(read(carriedTree({ ...own, templates, branches: new Map([['a/branch.yaml', file('a')]]) }))).toEqual({
      'bin/mlsys.js': 'bin',
      'branches/a/branch.yaml': 'a',
      'templates/base/layer.yaml': 'their base',
      'templates/branch/x': 'skeleton',
    });
  });

  test('has the base of mlsys under a template of branches only', () => {
    const tree = carriedTree({ ...own, templates: new Map(), branches: new Map([['a/branch.yaml', file('a')]]) });
    expect([...tree.keys()]).toEqual([
      'bin/mlsys.js',
      'branches/a/branch.yaml',
      'templates/base/files/own',
      'templates/base/layer.yaml',
      'templates/branch/x',
    ]);
  });

  test('has a package.json without what only development needs', () => {
    const text = JSON.stringify({ name: 'mlsys', version: '1.2.3', type: 'module', devDependencies: { a: '1' } });
    expect(JSON.parse(carriedPackage(text))).toEqual({
      name: 'mlsys',
      version: '1.2.3',
      type: 'module',
      private: true,
    });
  });
});

describe('a published commit', () => {
  test('is known by its message', () => {
    expect(isPublishMessage(publishMessage('Publish main 1.0.0', '1.0.0'))).toBe(true);
    expect(isPublishMessage("Merge branch 'main'\n\nPublished by somebody\n")).toBe(false);
  });

  test.each([
    ['agentic', ['agentic-ai-system'], 'agentic-ai-system'],
    ['custom', [], 'custom'],
  ])('of the branch %s goes to %s', (name, aliases, expected) => {
    expect(publishedName({ name, aliases })).toBe(expected);
  });
});
