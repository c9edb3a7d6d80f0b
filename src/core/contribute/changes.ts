import { MlsysError } from '../../errors.js';
import { uvLockPath } from '../drift.js';
import { foldersAbove } from '../moves.js';
import type { Baseline } from '../project.js';
import { blobId, type Listing } from '../tree.js';
import type { LeftOut } from './contribution.js';

/** What the merge of the project into the template as it is came to. */
export interface MergedProject {
  readonly listing: Listing;
  readonly conflicts: ReadonlyMap<string, string>;
  /** Former paths by new ones: files that the project renamed. */
  readonly renames: ReadonlyMap<string, string>;
  /** Where a file stands in the project, where the template has it elsewhere now. */
  readonly former: (path: string) => string;
  /** What the lock has of the project's files. */
  readonly locked: Readonly<Record<string, { readonly blob: string; readonly once?: true | undefined }>>;
}

/** A change by its paths; the content is in the listing. */
export interface FoundChange {
  readonly path: string;
  readonly from?: string | undefined;
  readonly isDeleted: boolean;
}

export interface Found {
  readonly changes: readonly FoundChange[];
  readonly leftOut: readonly LeftOut[];
}

/** Files that never go into a template: mlsys' own, the packages that one project locked, and secrets. */
const isOwn = (path: string): boolean => path.startsWith('.mlsys/') || path === uvLockPath || /(^|\/)\.env$/.test(path);

/** What the project changed against what the template renders. Without named paths that is everything but deletions. */
export function findChanges(merged: MergedProject, next: Baseline, named: readonly string[]): Found {
  const { listing, conflicts, renames, former } = merged;
  const isNamed = (path: string): boolean =>
    named.length === 0 || named.some((name) => name === '' || path === name || [...foldersAbove(path)].includes(name));
  refuseUnknown(named, [...listing.keys(), ...next.keys(), ...conflicts.keys(), ...Object.keys(merged.locked)]);
  const movedFrom = new Set(
    [...renames].flatMap(([to, from]) => (listing.has(to) && !listing.has(from) ? [from] : [])),
  );
  const changes: FoundChange[] = [];
  const leftOut: LeftOut[] = [];
  for (const path of [...new Set([...listing.keys(), ...next.keys(), ...conflicts.keys()])].sort()) {
    const from = next.has(path) ? undefined : renames.get(path);
    const known = from !== undefined && next.has(from) && movedFrom.has(from) ? from : undefined;
    if (isOwn(path)) {
      if (named.includes(path)) leftOut.push({ path, reason: 'it belongs to this project alone' });
      continue;
    }
    if (![path, former(path), known].some((one) => one !== undefined && isNamed(one))) continue;
    const reason = conflicts.get(path);
    if (reason !== undefined) leftOut.push({ path, reason: `the template changed it too: ${reason}` });
    else {
      const found = findChange({ path, from: known, movedFrom }, { merged, next, named });
      if (typeof found === 'string') leftOut.push({ path, reason: found });
      else if (found !== undefined) changes.push(found);
    }
  }
  return { changes, leftOut };
}

/** A path that was mistyped should not look as if it had no changes. */
function refuseUnknown(named: readonly string[], known: readonly string[]): void {
  const folders = new Set(known.flatMap((path) => [path, ...foldersAbove(path)]));
  const unknown = named.filter((name) => name !== '' && !folders.has(name));
  if (unknown.length === 0) return;
  throw new MlsysError('usage', `neither the project nor its template has ${unknown.join(', ')}`, {
    hint: 'name files or folders of the project; what git ignores is never brought back',
  });
}

interface At {
  readonly path: string;
  readonly from: string | undefined;
  readonly movedFrom: ReadonlySet<string>;
}

interface Against {
  readonly merged: MergedProject;
  readonly next: Baseline;
  readonly named: readonly string[];
}

/** The change of one file, or why it is none to bring back. */
function findChange({ path, from, movedFrom }: At, { merged, next, named }: Against): FoundChange | string | undefined {
  const { listing, locked, former } = merged;
  const [file, rendered, lock] = [listing.get(path), next.get(path), locked[former(path)]];
  if (file === undefined) {
    if (rendered === undefined || rendered.once || movedFrom.has(path)) return undefined;
    return isNamedDeletion(path, merged, named)
      ? { path, isDeleted: true }
      : 'it was deleted: name it to delete it in the template';
  }
  if (rendered === undefined) {
    if (lock?.once) return file.blob === lock.blob ? undefined : 'the template has it no more';
    return { path, from, isDeleted: false };
  }
  const blob = blobId(rendered.bytes);
  if (file.blob === blob && file.mode === rendered.mode) return undefined;
  if (!rendered.once && !lock?.once) return { path, isDeleted: false };
  if (lock?.blob === file.blob) return undefined;
  if (![path, former(path)].some((one) => named.includes(one))) {
    return 'it is the project’s own from the first day: name it to bring it back';
  }
  return lock?.blob === blob ? { path, isDeleted: false } : 'the template changed it too, and it is never merged';
}

/** A deletion is named by the path itself, or by a folder that is gone with it. */
function isNamedDeletion(path: string, { listing, former }: MergedProject, named: readonly string[]): boolean {
  return [path, former(path)].some(
    (one) =>
      named.includes(one) ||
      [...foldersAbove(one)].some(
        (folder) => named.includes(folder) && ![...listing.keys()].some((other) => other.startsWith(`${folder}/`)),
      ),
  );
}
