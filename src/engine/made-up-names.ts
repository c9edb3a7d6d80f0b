import type { Stage, TreeMerge } from '../adapters/git/merge.js';
import type { WrittenFile } from '../adapters/git/objects.js';
import type { Listing } from '../core/tree.js';
import type { Sides } from './merge.js';
import type { Situation } from './settle-files.js';

interface Found {
  readonly merge: TreeMerge;
  readonly merged: Listing;
  readonly sides: Sides;
}

/**
 * Where a file can't stay, git calls it `<path>~<commit>`. Nobody knows those commits: where the sides have two kinds of
 * file, ours keeps the path; where one has a folder of that name, the file gets `~yours` or `~template`.
 */
export function withoutMadeUpNames({ merge, merged, sides }: Found, ids: { ours: string; theirs: string }): Situation {
  const changes = new Map<string, WrittenFile | undefined>();
  const kinds = new Map(merge.kinds);
  const stages = merge.stages.map((stage): Stage => {
    const [, plain = '', id = '', more = ''] = /^(.+)~([0-9a-f]{40})(_\d+)?$/s.exec(stage.path) ?? [];
    if (plain === '' || (id !== ids.ours && id !== ids.theirs)) return stage;
    const isOurs = id === ids.ours;
    const known = kinds.get(stage.path) ?? [];
    const path = known.includes('distinct modes') ? plain : `${plain}~${isOurs ? 'yours' : 'template'}${more}`;
    const entry = merged.get(stage.path);
    if (entry === undefined || (path !== plain && merged.has(path))) return stage;
    changes.set(stage.path, undefined);
    kinds.set(path, known);
    if (path !== plain || isOurs) changes.set(path, { mode: entry.mode, content: { blob: entry.blob } });
    return { ...stage, path };
  });
  return { merge: { ...merge, stages, kinds }, merged: applied(merged, changes), sides, changes };
}

function applied(listing: Listing, changes: ReadonlyMap<string, WrittenFile | undefined>): Listing {
  const changed = new Map(listing);
  for (const [path, file] of changes) {
    if (file === undefined) changed.delete(path);
    else if (file.mode !== '160000' && 'blob' in file.content)
      changed.set(path, { mode: file.mode, blob: file.content.blob });
  }
  return changed;
}
