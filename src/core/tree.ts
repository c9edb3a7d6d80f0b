import { createHash } from 'node:crypto';
import type { FileMode } from '../schema/lock.js';

export interface TreeFile {
  readonly bytes: Uint8Array;
  readonly mode: FileMode;
}

/** Files by path. A symbolic link's bytes are its target. */
export type Tree<F extends TreeFile = TreeFile> = ReadonlyMap<string, F>;

export interface TreeEntry {
  readonly blob: string;
  readonly mode: FileMode;
}

/** A tree without its bytes: what the lock holds, and what git lists. */
export type Listing = ReadonlyMap<string, TreeEntry>;

/** The name that git gives a file's content (SHA-1 of `blob <size>\0<content>`). */
export function blobId(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex');
}

export function listing(tree: Tree): Map<string, TreeEntry> {
  return new Map([...tree].map(([path, { bytes, mode }]) => [path, { blob: blobId(bytes), mode }]));
}

/** Orders paths by their bytes, as git does, so that no locale changes what is written. */
export function sortedByPath<T>(entries: Iterable<readonly [string, T]>): Map<string, T> {
  const byBytes = [...entries].map((entry) => ({ entry, key: Buffer.from(entry[0]) }));
  return new Map(byBytes.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ entry }) => entry));
}
