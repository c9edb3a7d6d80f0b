import { sortedByPath, type Tree, type TreeFile } from './tree.js';
import { baseName } from './layer.js';
import type { Manifest } from '../schema/manifest.js';

/** The copy of mlsys in a published branch, so that a clone needs no network. */
export const carriedFolder = '.mlsys/cli';
/** The script that runs mlsys in a project. */
export const launcherPath = 'mlsys';
/** What every published branch is named inside, so that merging one into another moves no file. */
export const publishedProject = 'my-project';

export const publishedName = ({ name, aliases }: Pick<Manifest, 'name' | 'aliases'>): string => aliases[0] ?? name;

/** The `package.json` of the copy: what running it takes, and nothing that an audit would complain of. */
export function carriedPackage(text: string): string {
  const { name, version, license, type, engines, bin } = JSON.parse(text) as Record<string, unknown>;
  return `${JSON.stringify({ name, version, private: true, license, type, engines, bin }, null, 2)}\n`;
}

export interface CarriedSources {
  /** Files of mlsys' own package, by their path in it. */
  readonly program: Tree;
  /** `templates/` of mlsys, without the folder's name. */
  readonly ownTemplates: Tree;
  /** `templates/` and `branches/` of the template that is published. */
  readonly templates: Tree;
  readonly branches: Tree;
}

/** The tree of the copy: mlsys with the published template in the place of its own. */
export function carriedTree({ program, ownTemplates, templates, branches }: CarriedSources): Map<string, TreeFile> {
  const ownBase = [...templates.keys()].some((path) => path.startsWith('base/'));
  const kept = [...ownTemplates].filter(([path]) => !(ownBase && path.startsWith('base/')));
  const below = (folder: string, files: Iterable<readonly [string, TreeFile]>): [string, TreeFile][] =>
    [...files].map(([path, file]) => [`${folder}/${path}`, file]);
  return sortedByPath([
    ...program,
    ...new Map([...below('templates', kept), ...below('templates', templates)]),
    ...below('branches', branches),
  ]);
}

/** The last line of the message of each commit that `publish` made. */
const trailer = 'Published-By: mlsys';
export const publishMessage = (subject: string, version: string): string => `${subject}\n\n${trailer} ${version}\n`;
export const isPublishMessage = (message: string): boolean => new RegExp(`^${trailer} \\S+$`, 'm').test(message);

/** A branch as it should be, and as the repository has it. */
export interface BranchState {
  readonly name: string;
  readonly tree: string;
  readonly head?: { readonly commit: string; readonly tree: string } | undefined;
  /** Whether the head has the present head of main among its ancestors. */
  readonly holdsMain: boolean;
}

export interface BranchStep {
  readonly name: string;
  readonly action: 'create' | 'update' | 'unchanged';
  /** Whether main is merged into it. */
  readonly merge: boolean;
}

/**
 * What each branch needs: nothing, a commit of its own, or main merged into it first. Main, which comes first, is a plain
 * chain of commits.
 */
export function planPublication(states: readonly BranchState[]): BranchStep[] {
  const main = states.find(({ name }) => name === baseName);
  const mainMoves = main?.head?.tree !== main?.tree;
  return states.map(({ name, tree, head, holdsMain }) => {
    if (head === undefined) return { name, action: 'create', merge: false };
    const merge = name !== baseName && (mainMoves || !holdsMain);
    return { name, action: merge || head.tree !== tree ? 'update' : 'unchanged', merge };
  });
}
