import { describe, expect, it } from 'vitest';
import type { ComposedFile } from '../../../src/core/compose.js';
import { placeFile } from '../../../src/core/contribute/place.js';
import { keptNames, namesInPath, type Values } from '../../../src/core/contribute/values.js';
import type { Layer } from '../../../src/core/layer.js';
import { manifest } from '../../../src/schema/manifest.js';

const several: Values = {
  names: { project_name: 'my-loans', package_name: 'my_loans' },
  isOrdinary: () => false,
};
const plain: Values = { names: { project_name: 'train', package_name: 'train' }, isOrdinary: () => false };
const ordinary: Values = { ...plain, isOrdinary: () => true };

describe('the path of a new file', () => {
  it.each<[string, Values, string, string]>([
    [
      'has names of several words wherever they stand',
      several,
      'tests/test_my_loans.py',
      'tests/test_{{package_name}}.py',
    ],
    ['has the name of the project, too', several, 'deploy/my-loans.service', 'deploy/{{project_name}}.service'],
    ['keeps longer words', several, 'docs/my_loansharks.md', 'docs/my_loansharks.md'],
    ['has a plain word as a whole folder', plain, 'stubs/train/a.pyi', 'stubs/{{package_name}}/a.pyi'],
    ['keeps a plain word in the name of a file', plain, 'docs/train.md', 'docs/train.md'],
    ['keeps a word that the template uses', ordinary, 'stubs/train/a.pyi', 'stubs/train/a.pyi'],
  ])('%s', (_, values, path, written) => {
    expect(namesInPath(path, values)).toBe(written);
  });
});

describe('names that were not turned back', () => {
  it.each<[string, Values, string, string, string[]]>([
    ['are told where a new line has one', ordinary, 'a\n', 'a\nuv run train x\n', ['train']],
    ['are not told where they stood before', ordinary, 'to train\n', 'to train\nb\n', []],
    ['are not told in longer words', ordinary, '', 'training, train-set, retrain\n', []],
    ['are told one by one', several, '', 'my-loans my_loans\n', ['my-loans', 'my_loans']],
  ])('%s', (_, values, before, after, names) => {
    expect(keptNames(before, after, values)).toEqual(names);
  });
});

describe('a new file', () => {
  const layer = (name: string, folder: string): Layer => ({
    manifest: manifest.parse({ name, title: name, summary: name }),
    folder,
    files: new Map(),
    readme: undefined,
  });
  const layers = [layer('main', 'templates/base'), layer('forest', 'branches/forest')];
  const file = (name: string, source: string): ComposedFile => ({
    bytes: Buffer.alloc(0),
    mode: '100644',
    layer: name,
    source,
    template: false,
    once: false,
  });
  const files = new Map([
    ['src/my_loans/a.py', file('main', 'templates/base/files/src/{{package_name}}/a.py')],
    ['tests/unit/test_a.py', file('main', 'templates/base/files/tests/unit/test_a.py')],
    ['src/my_loans/forest/a.py', file('forest', 'branches/forest/files/src/{{package_name}}/forest/a.py')],
    ['tests/unit/test_forest.py', file('forest', 'branches/forest/files/tests/unit/test_forest.py')],
  ]);

  it.each([
    ['in a folder of a branch goes to it', 'src/my_loans/forest/b.py', 'forest', 'src/{{package_name}}/forest/b.py'],
    ['in a folder of both goes to the base', 'tests/unit/test_b.py', 'main', 'tests/unit/test_b.py'],
    [
      'below both, in a folder named like a branch’s, goes to it',
      'tests/unit/forest/b.py',
      'forest',
      'tests/unit/forest/b.py',
    ],
    ['in a folder that nobody has goes to the base', 'docs/deep/b.md', 'main', 'docs/deep/b.md'],
  ])('%s', (_, path, name, written) => {
    const place = placeFile(path, files, { layers, values: several });
    expect([place?.layer.manifest.name, place?.path]).toEqual([name, written]);
  });
});
