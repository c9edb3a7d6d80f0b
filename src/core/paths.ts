/** Why a path can't be written below a project's root, or undefined where it can. Paths have `/` between their parts. */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return 'is absolute';
  if (path.includes('\\')) return 'has a backslash';
  if (hasControlCharacter(path)) return 'has a control character';
  for (const part of path.split('/')) {
    if (part === '') return 'has an empty part';
    if (part === '.' || part === '..') return 'leaves the root';
    if (isGitFolder(part)) return 'reaches into git’s own folder';
  }
  return undefined;
}

const hasControlCharacter = (text: string): boolean =>
  [...text].some((c) => (c.codePointAt(0) ?? 0) < 32 || c === '\u007f');

/** `.git` as any file system may understand it: case, NTFS short names, streams and trailing characters, HFS+ ignorable ones. */
function isGitFolder(part: string): boolean {
  const seen = part.replace(/[\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '');
  return /^(\.git|git~1)[ .]*(:.*)?$/i.test(seen);
}

/**
 * Why a symbolic link can't be made, or undefined: its target must stay inside the root. It goes up only at its start: above a
 * folder that is a link itself the system is somewhere else than the path says.
 */
export function linkFault(path: string, target: string): string | undefined {
  if (target === '' || target.startsWith('/') || target.includes('\\') || /^[a-z]:/i.test(target)) {
    return 'is a symbolic link that leaves the root';
  }
  if (hasControlCharacter(target)) return 'is a symbolic link with a control character';
  let above = path.split('/').length - 1;
  let down = false;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') down = true;
    else if (down || above-- === 0) return 'is a symbolic link that leaves the root';
    if (isGitFolder(part)) return 'is a symbolic link into git’s own folder';
  }
  return undefined;
}

const fold = (path: string): string => path.normalize('NFC').toLowerCase();

/** Pairs of paths that can't both exist: equal where case is ignored, or one a folder of the other. */
export function pathCollisions(paths: Iterable<string>): [string, string][] {
  const known = new Map<string, string>();
  const collisions: [string, string][] = [];
  for (const path of paths) {
    const folded = fold(path);
    const twin = known.get(folded);
    if (twin === undefined) known.set(folded, path);
    else collisions.push([twin, path]);
  }
  const folders = new Map<string, string>();
  for (const path of known.values()) {
    const parts = path.split('/');
    for (let i = 1; i < parts.length; i++) {
      const folder = parts.slice(0, i).join('/');
      const folded = fold(folder);
      const file = known.get(folded);
      if (file !== undefined) collisions.push([file, path]);
      const spelling = folders.get(folded);
      if (spelling === undefined) folders.set(folded, folder);
      else if (spelling !== folder) collisions.push([`${spelling}/`, path]);
    }
  }
  return collisions;
}
