import { describe, expect, it } from 'vitest';
import { lockOf, lockText, renderTarget, type Target } from '../../../src/core/project.js';
import { blobId } from '../../../src/core/tree.js';
import { lock } from '../../../src/schema/lock.js';
import { projectManifest } from '../../../src/schema/project.js';
import { executable, layerOf, link, templateOf } from '../../helpers/template.js';

const names = { project_name: 'my-project', package_name: 'my_project' };
const base = layerOf(
  {
    questions: {
      description: { default: 'A project' },
      token: { secret: true },
      layers: { type: 'integer', default: 2 },
    },
    requires: { memory_gb: 2 },
    tasks: { test: { command: '{{package_name}} test', help: 'Test' } },
    once: ['data/**'],
  },
  {
    'pyproject.toml.hbs': 'name = {{toml project_name}}\ndescription = {{toml description}}\n',
    'run.sh': executable('#!/bin/sh\n'),
    latest: link('run.sh'),
    'data/raw.bin': '\ufffd\u0000{{not a template}}',
  },
);
const forest = layerOf({ name: 'forest', requires: { memory_gb: 8, device: 'gpu' } }, { 'forest.txt': 'trees' });
const template = templateOf(base, forest);

const rendered = (change: Partial<Target> = {}) =>
  renderTarget({ template, branches: [], names, given: new Map(), ...change });
const textOf = (path: string, change: Partial<Target> = {}): string =>
  Buffer.from(rendered(change).baseline.get(path)?.bytes ?? []).toString();

describe('a rendered project', () => {
  it('has the files of its layers and what mlsys knows of them, ordered as git does', () => {
    expect([...rendered({ branches: ['forest'] }).baseline.keys()]).toEqual([
      '.mlsys/manifest.json',
      'data/raw.bin',
      'forest.txt',
      'latest',
      'pyproject.toml',
      'run.sh',
    ]);
  });

  it('has templates filled in, and all else byte for byte', () => {
    expect(textOf('pyproject.toml', { given: new Map([['description', 'say "hi"']]) })).toBe(
      'name = "my-project"\ndescription = "say \\"hi\\""\n',
    );
    expect(textOf('data/raw.bin')).toBe('\ufffd\u0000{{not a template}}');
  });

  it('keeps modes, links and what is written once', () => {
    const { baseline } = rendered();
    expect(baseline.get('run.sh')).toMatchObject({ mode: '100755', once: false });
    expect(baseline.get('latest')).toMatchObject({ mode: '120000' });
    expect(baseline.get('data/raw.bin')).toMatchObject({ mode: '100644', once: true, layer: 'main' });
  });

  it('is described for commands that have no template', () => {
    const { manifest } = rendered({ branches: ['forest'] });
    expect(projectManifest.parse(JSON.parse(textOf('.mlsys/manifest.json', { branches: ['forest'] })))).toEqual(
      manifest,
    );
    expect(manifest).toMatchObject({
      layers: [{ name: 'main' }, { name: 'forest' }],
      requires: { memory_gb: 8, disk_gb: 0, devices: ['gpu'] },
      tasks: [{ name: 'test', command: ['my_project test'] }, { name: 'test-main' }],
    });
  });

  it('keeps former answers, and takes new ones', () => {
    const { answers } = rendered({ former: { description: 'Old', layers: 5 }, given: new Map([['layers', '7']]) });
    expect(answers).toEqual({ ...names, description: 'Old', layers: 7 });
  });

  it('is refused where a file it renders does not parse', () => {
    const broken = templateOf(layerOf({}, { 'a.toml.hbs': 'a = {{project_name}}\n' }));
    expect(() => rendered({ template: broken })).toThrow(/a\.toml\.hbs: what it renders is no valid TOML/);
  });

  it.each(['.mlsys/lock.json', '.mlsys/manifest.json'])('is refused where a layer brings %s', (path) => {
    expect(() => rendered({ template: templateOf(layerOf({}, { [path]: '{}' })) })).toThrow(/mlsys writes .* itself/);
  });

  it('is refused where it would depend on itself', () => {
    const needy = templateOf(layerOf({ python: { extras: { x: ['My_Project>=1'] } } }));
    expect(() => rendered({ template: needy })).toThrow(/depends on the package my-project/);
  });

  it('is refused where an answer is not what a branch works with', () => {
    const picky = templateOf(
      layerOf({ questions: { api: { type: 'boolean', default: false } } }, { 'x.hbs': '{{api}}' }),
      layerOf({ name: 'forest', requires: { answers: ['api'] } }),
    );
    expect(() => rendered({ template: picky, branches: ['forest'] })).toThrow(/forest works only where `api` holds/);
    const given = new Map([['api', true]]);
    expect(rendered({ template: picky, branches: ['forest'], given }).branches).toEqual(['forest']);
    expect(rendered({ template: picky }).branches).toEqual([]);
  });
});

describe('the lock of a project', () => {
  const given = new Map([['token', 'hunter2']]);
  const made = lockOf(rendered({ given, branches: ['forest'] }), { source: 'builtin', version: '1.0.0' }, '1.0.0');

  it('fits its schema, and is the same each time', () => {
    expect(lock.parse(JSON.parse(lockText(made)))).toEqual(made);
    const again = lockOf(rendered({ given, branches: ['forest'] }), { source: 'builtin', version: '1.0.0' }, '1.0.0');
    expect(lockText(again)).toBe(lockText(made));
  });

  it('names the blob and mode of every file', () => {
    expect(made.files['run.sh']).toEqual({ blob: blobId(Buffer.from('#!/bin/sh\n')), mode: '100755' });
    expect(made.files['data/raw.bin']).toMatchObject({ once: true });
    expect(Object.keys(made.files)).toEqual([...rendered({ branches: ['forest'] }).baseline.keys()]);
  });

  it('holds the answers by name and no secret', () => {
    expect(Object.keys(made.answers)).toEqual(['description', 'layers', 'package_name', 'project_name']);
    expect(lockText(made)).not.toContain('hunter2');
  });
});
