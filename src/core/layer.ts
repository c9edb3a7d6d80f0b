import { MlsysError } from '../errors.js';
import type { Manifest } from '../schema/manifest.js';
import { didYouMean } from './nearest.js';
import type { Tree } from './tree.js';

/** A manifest and its files, read into memory. Paths and `.hbs` files are still templates. */
export interface Layer {
  readonly manifest: Manifest;
  /** Where it stands in the template repository, e.g. `branches/agentic`. */
  readonly folder: string;
  readonly files: Tree;
  /** The template text of `docs.readme`, if the layer has one. */
  readonly readme: string | undefined;
}

/** A template repository in memory: the base, and the branches by name. */
export interface Template {
  readonly base: Layer;
  readonly branches: ReadonlyMap<string, Layer>;
}

export const baseName = 'main';

export function findBranch(template: Template, wanted: string): Layer {
  for (const layer of template.branches.values()) {
    if (layer.manifest.name === wanted || layer.manifest.aliases.includes(wanted)) return layer;
  }
  const known = [baseName, ...[...template.branches.values()].flatMap((l) => [l.manifest.name, ...l.manifest.aliases])];
  throw new MlsysError('branch', `there is no branch ${JSON.stringify(wanted.slice(0, 60))}`, {
    hint: didYouMean(wanted, known, 'the branches are'),
  });
}

/**
 * The layers of a project from the bottom up: the base, then each branch after those it extends.
 * Beyond that they are ordered by name, so that the order in which they were asked for changes nothing.
 */
export function stackLayers(template: Template, wanted: readonly string[]): Layer[] {
  const stack: Layer[] = [template.base];
  const entered = new Set<string>([template.base.manifest.name]);
  const visit = (layer: Layer, below: readonly string[]): void => {
    const { name, extends: lower } = layer.manifest;
    if (below.includes(name)) {
      throw new MlsysError('manifest', `branches extend each other in a circle: ${[...below, name].join(' → ')}`);
    }
    if (entered.has(name)) return;
    for (const other of [...lower].sort()) if (other !== baseName) visit(findBranch(template, other), [...below, name]);
    entered.add(name);
    stack.push(layer);
  };
  const asked = wanted.filter((name) => name !== baseName).map((name) => findBranch(template, name));
  for (const layer of asked.sort((a, b) => (a.manifest.name < b.manifest.name ? -1 : 1))) visit(layer, []);
  return stack;
}

export const branchNames = (layers: readonly Layer[]): string[] =>
  layers.map((layer) => layer.manifest.name).filter((name) => name !== baseName);
