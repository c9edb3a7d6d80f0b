import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { treeStore } from '../../src/adapters/template-store.js';
import type { Layer, Template } from '../../src/core/layer.js';
import type { TemplateStore } from '../../src/core/store.js';
import type { TreeFile } from '../../src/core/tree.js';
import { manifest, type Manifest } from '../../src/schema/manifest.js';
import type * as z from 'zod';

/** The content of a file, with its mode where that is not the usual one. */
export type GivenFile = string | { readonly text: string; readonly mode: TreeFile['mode'] };
export type GivenFiles = Readonly<Record<string, GivenFile>>;
type GivenManifest = Partial<z.input<typeof manifest>>;

export const link = (text: string): GivenFile => ({ text, mode: '120000' });
export const executable = (text: string): GivenFile => ({ text, mode: '100755' });

const fileOf = (given: GivenFile): TreeFile =>
  typeof given === 'string'
    ? { bytes: Buffer.from(given), mode: '100644' }
    : { bytes: Buffer.from(given.text), mode: given.mode };

export const treeOf = (files: GivenFiles): Map<string, TreeFile> =>
  new Map(Object.entries(files).map(([path, given]) => [path, fileOf(given)]));

export const manifestOf = (given: GivenManifest = {}): Manifest => {
  const { name = 'main' } = given;
  return manifest.parse({ title: `Title of ${name}`, summary: `Summary of ${name}`, ...given, name });
};

/** A layer in memory: the base, unless it has another name. */
export function layerOf(given: GivenManifest = {}, files: GivenFiles = {}, readme?: string): Layer {
  const read = manifestOf(given);
  const folder = read.name === 'main' ? 'templates/base' : `branches/${read.name}`;
  return { manifest: read, folder, files: treeOf(files), readme };
}

export const templateOf = (base: Layer, ...branches: readonly Layer[]): Template => ({
  base,
  branches: new Map(branches.map((layer) => [layer.manifest.name, layer])),
});

/** A template repository in memory. */
export const storeOf = (files: GivenFiles): TemplateStore => treeStore(treeOf(files));

export function writeTree(root: string, files: GivenFiles): void {
  for (const [path, given] of Object.entries(files)) {
    const { bytes, mode } = fileOf(given);
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (mode === '120000') symlinkSync(Buffer.from(bytes).toString(), full);
    else writeFileSync(full, bytes);
    if (mode === '100755') chmodSync(full, 0o755);
  }
}

/** A template with a bit of everything: modes, a link, a rendered path, files that depend on an answer, two branches. */
export const sampleTemplate: GivenFiles = {
  'templates/base/layer.yaml': `name: main
title: Base
summary: A project
questions:
  description: {default: A project, help: One line}
  api: {type: boolean, default: false, help: Whether it serves}
  token: {secret: true, help: A key}
when:
  - {files: ["src/{{package_name}}/api.py"], if: api}
tasks:
  test: {command: python -V, help: Run the tests}
once: ["data/**"]
`,
  'templates/base/files/README.md.hbs': '# {{project_name}}\n\n{{md description}}\n',
  'templates/base/files/pyproject.toml.hbs':
    '[project]\nname = {{toml project_name}}\nversion = "0.1.0"\ndescription = {{toml description}}\n',
  'templates/base/files/.gitignore.hbs': '.env\n.venv/\n',
  'templates/base/files/run.sh': executable('#!/bin/sh\necho run\n'),
  'templates/base/files/docs/latest.md': link('../README.md'),
  'templates/base/files/data/sample.csv': 'a,b\r\n1,2\r\n',
  'templates/base/files/src/{{package_name}}/__init__.py': '"""The package."""\n',
  'templates/base/files/src/{{package_name}}/api.py': 'served = True\n',
  'branches/forest/branch.yaml': `name: forest
aliases: [forest-system]
title: Forest
summary: Trees
tasks:
  demo: {command: "{{project_name}} demo", help: Show it}
`,
  'branches/forest/files/src/{{package_name}}/forest/__init__.py': 'trees = 3\n',
  'branches/meadow/branch.yaml': 'name: meadow\ntitle: Meadow\nsummary: Flowers\nextends: [forest]\n',
  'branches/meadow/files/meadow.txt': 'flowers\n',
};
