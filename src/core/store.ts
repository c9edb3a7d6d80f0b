import type { Tree } from './tree.js';

/** The files of a template repository, wherever they are kept. Paths are relative to its root. */
export interface TemplateStore {
  readonly text: (path: string) => string | undefined;
  /** The names of the folders in a folder. */
  readonly folders: (path: string) => string[];
  /** All files below a folder, by path relative to it. */
  readonly tree: (path: string) => Tree;
}

export const baseFolder = 'templates/base';
export const baseManifestFile = `${baseFolder}/layer.yaml`;
export const branchesFolder = 'branches';
export const branchManifestFile = (name: string): string => `${branchesFolder}/${name}/branch.yaml`;
