import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseLock } from '../core/lock.js';
import { MlsysError } from '../errors.js';
import { type Lock, lockPath } from '../schema/lock.js';
import { type ProjectManifest, projectManifest, projectManifestPath } from '../schema/project.js';

const journalPath = join('.git', 'mlsys', 'journal.json');

export interface Project {
  readonly root: string;
  readonly lock: Lock;
  readonly manifest: ProjectManifest;
}

/** The nearest folder from `start` upward that holds a lock, or the journal of a command that was killed while it wrote one. */
export function findProjectRoot(start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, lockPath)) || existsSync(join(folder, journalPath))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

export function requireProjectRoot(start: string): string {
  const root = findProjectRoot(start);
  if (root !== undefined) return root;
  throw new MlsysError('project', `${start} is not inside a project made by mlsys`, {
    hint: 'create one with `mlsys new <name>`, or give this folder a lock with `mlsys adopt`',
  });
}

export function openProject(start: string): Project {
  const root = requireProjectRoot(start);
  const lock = parseLock(readFileSync(join(root, lockPath), 'utf8'));
  return { root, lock, manifest: readProjectManifest(root) };
}

export function readProjectManifest(root: string): ProjectManifest {
  const path = join(root, projectManifestPath);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MlsysError('project', `${projectManifestPath} can't be read`, {
      hint: `restore it with \`git checkout HEAD -- ${projectManifestPath}\``,
      cause: error,
    });
  }
  try {
    return projectManifest.parse(JSON.parse(text));
  } catch (error) {
    throw new MlsysError('project', `${projectManifestPath} is damaged`, {
      hint: `restore it with \`git checkout HEAD -- ${projectManifestPath}\``,
      cause: error,
    });
  }
}
