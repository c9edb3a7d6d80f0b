import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderStore, treeStore } from '../../../src/adapters/template-store.js';
import { temporaryFolder } from '../../helpers/context.js';
import { executable, link, sampleTemplate, treeOf, writeTree } from '../../helpers/template.js';

const folder = (files = sampleTemplate): string => {
  const root = temporaryFolder();
  writeTree(root, files);
  return root;
};

describe('a template in a folder', () => {
  it('reads the same as one in memory', () => {
    const [onDisk, inMemory] = [folderStore(folder()), treeStore(treeOf(sampleTemplate))];
    const seen = (store: typeof onDisk) => ({
      branches: store.folders('branches').sort(),
      manifest: store.text('templates/base/layer.yaml'),
      missing: [store.text('nothing'), store.text('templates/base/layer.yaml/x')],
      files: Object.fromEntries(store.tree('templates/base/files')),
      none: [store.folders('nothing'), [...store.tree('nothing')]],
    });
    expect(seen(onDisk)).toEqual(seen(inMemory));
  });

  it('has modes and links', () => {
    const tree = folderStore(folder({ 'a/run.sh': executable('x'), 'a/to': link('run.sh'), 'a/.b/c': '' })).tree('a');
    expect([...tree].map(([path, { mode }]) => [path, mode]).sort()).toEqual([
      ['.b/c', '100644'],
      ['run.sh', '100755'],
      ['to', '120000'],
    ]);
    expect(Buffer.from(tree.get('to')?.bytes ?? []).toString()).toBe('run.sh');
  });

  it('leaves out what tools drop in it', () => {
    const root = folder({
      'a/x.py': '',
      'a/__pycache__/x.pyc': '',
      'a/y.pyc': '',
      'a/.DS_Store': '',
      'a/.ruff_cache/z': '',
    });
    expect([...folderStore(root).tree('a').keys()]).toEqual(['x.py']);
  });

  it.each(['templates/base/files', 'branches/forest', 'branches/forest/branch.yaml'])(
    'is refused where %s is a link out of it',
    (path) => {
      const [root, outside] = [folder({ 'a.txt': '' }), folder({ secret: 'hunter2' })];
      mkdirSync(join(root, path, '..'), { recursive: true });
      symlinkSync(path.endsWith('.yaml') ? join(outside, 'secret') : outside, join(root, path));
      const store = folderStore(root);
      const read = () => (path.endsWith('.yaml') ? store.text(path) : store.tree(path));
      expect(read).toThrow(/leads out of the template/);
    },
  );

  it('is refused where a path climbs out of it', () => {
    const outside = temporaryFolder();
    writeFileSync(join(outside, 'secret'), 'hunter2');
    mkdirSync(join(outside, 'template'));
    expect(() => folderStore(join(outside, 'template')).text('../secret')).toThrow(/leads out of the template/);
  });

  it('may itself be reached by a link', () => {
    const [real, at] = [folder(), join(temporaryFolder(), 'link')];
    symlinkSync(real, at);
    expect(folderStore(at).folders('branches').sort()).toEqual(['forest', 'meadow']);
  });

  it.skipIf(process.platform === 'win32')('is refused where it holds a pipe', () => {
    const root = folder({ 'a/b': '' });
    execFileSync('mkfifo', [join(root, 'a', 'pipe')]);
    expect(() => folderStore(root).tree('a')).toThrow(/neither a file nor a folder/);
  });
});
