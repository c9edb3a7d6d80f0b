import { pathToFileURL } from 'node:url';
import { git } from './tiny-project.js';
import { type GivenFiles, writeTree } from './template.js';

export interface TestRepository {
  readonly root: string;
  /** The address that git clones it from. */
  readonly url: string;
  readonly git: (...args: string[]) => string;
  /** Writes files, commits everything, and gives back the commit. */
  readonly commit: (files: GivenFiles, message?: string) => string;
}

/** A git repository in a folder, with one commit that holds the files. */
export function makeRepository(root: string, files: GivenFiles): TestRepository {
  const run = (...args: string[]): string => git(root, ...args);
  const commit = (more: GivenFiles, message = 'Change'): string => {
    writeTree(root, more);
    run('add', '--all');
    run('commit', '--quiet', '--allow-empty', '--message', message);
    return run('rev-parse', 'HEAD');
  };
  writeTree(root, files);
  run('init', '--quiet', '--initial-branch=main');
  commit({}, 'Start');
  return { root, url: pathToFileURL(root).href, git: run, commit };
}
