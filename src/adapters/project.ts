import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseLock } from '../core/lock.js';
import { MlsysError } from '../errors.js';
import { type Lock, lockPath } from '../schema/lock.js';
import { type ProjectManifest, projectManifest, projectManifestPath } from '../schema/project.js';

export interface Project {
  readonly root: string;
  readonly lock: Lock;
  readonly manifest: ProjectManifest;
}

/** The nearest folder from `start` upward that holds a lock, or the journal of a command that was killed while it wrote one. */
export function findProjectRoot(start: string): string | undefined {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, lockPath))) return folder;
    const project = projectInJournal(folder);
    if (project !== undefined) return join(folder, project);
    if (dirname(folder) === folder) return undefined;
  }
}

/** Where the project of a killed command is, below a folder that is the top of a work tree. */
function projectInJournal(folder: string): string | undefined {
  const dotGit = join(folder, '.git');
  const stat = statSync(dotGit, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const linked = stat.isFile()
    ? /^gitdir: (.*)$/s.exec(readFileSync(dotGit, 'utf8'))?.[1]?.replace(/\n$/, '')
    : undefined;
  const journal = join(linked === undefined ? dotGit : resolve(folder, linked), 'mlsys', 'journal.json');
  if (!existsSync(journal)) return undefined;
  return (JSON.parse(readFileSync(journal, 'utf8')) as { readonly project?: string }).project ?? '';
}

export function requireProjectRoot(start: string): string {
  const root = findProjectRoot(start);
  if (root !== undefined) return root;
  throw new MlsysError('project', `${start} is not inside a project made by mlsys`, {
    hint: 'create one with `mlsys new <name>`; `mlsys adopt` gives a lock to one that has none',
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
