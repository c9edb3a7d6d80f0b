import type { Manifest } from '../../schema/manifest.js';
import type { TemplateStore } from '../store.js';
import { wholeWord } from '../text.js';
import type { Tree } from '../tree.js';

/** One thing that is wrong with a template repository. */
export interface Fault {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** A layer whose manifest could be read. */
export interface LintLayer {
  readonly manifest: Manifest;
  readonly folder: string;
  readonly manifestFile: string;
  readonly manifestText: string;
  readonly files: Tree;
  readonly readme: { readonly path: string; readonly text: string | undefined } | undefined;
}

export interface LintSubject {
  readonly store: TemplateStore;
  readonly layers: readonly LintLayer[];
  /** The base: the repository's own, else mlsys'. */
  readonly base: LintLayer;
}

export type Rule = (subject: LintSubject) => Iterable<Fault>;

/** The first line of a text that holds the words, counted from 1: as words of their own, if they are somewhere. */
export function lineOf(text: string, words: string): number {
  const whole = text.search(wholeWord(words));
  const at = whole < 0 ? text.indexOf(words) : whole;
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}

export const inManifest = ({ manifestFile, manifestText }: LintLayer, words: string, message: string): Fault => ({
  file: manifestFile,
  line: lineOf(manifestText, words),
  message,
});

/** The layer with all that stands below it, the base first. Branches that are not there are left out: a rule of its own names them. */
export function stackOf({ layers, base }: LintSubject, top: LintLayer): LintLayer[] {
  const stack = new Set<LintLayer>([base]);
  const visit = (layer: LintLayer, above: readonly LintLayer[]): void => {
    if (stack.has(layer) || above.includes(layer)) return;
    for (const name of layer.manifest.extends) {
      const lower = layers.find((other) => other.manifest.name === name);
      if (lower !== undefined) visit(lower, [...above, layer]);
    }
    stack.add(layer);
  };
  visit(top, []);
  return [...stack];
}

/** Template files are stored with `.hbs` and written without. */
export const barePath = (path: string): string => path.replace(/\.hbs$/, '');
