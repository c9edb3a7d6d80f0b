import type { ComposedFile } from '../compose.js';
import { baseName, type Layer } from '../layer.js';
import { foldersAbove } from '../moves.js';
import { namesInPath, type Values } from './values.js';

/** Where a new file of a project goes. */
export interface Place {
  readonly layer: Layer;
  /** The path below the layer's `files`. */
  readonly path: string;
}

interface Folder {
  readonly layer: string;
  /** The folder as the layer writes it: `src/{{package_name}}`. */
  readonly written: string;
}

/** The folder that each template file puts on the way to its path. */
function foldersOf(files: ReadonlyMap<string, ComposedFile>): Map<string, Folder[]> {
  const folders = new Map<string, Folder[]>();
  for (const [path, { source, layer }] of files) {
    const written = [...foldersAbove(source.slice(source.indexOf('/files/') + '/files/'.length))];
    const rendered = [...foldersAbove(path)];
    // An answer that holds a slash makes one folder two.
    if (written.length !== rendered.length) continue;
    for (const [i, folder] of rendered.entries()) {
      const entry = { layer, written: written[i] ?? folder };
      const known = folders.get(folder);
      if (known === undefined) folders.set(folder, [entry]);
      else if (!known.some((other) => other.layer === layer && other.written === entry.written)) known.push(entry);
    }
  }
  return folders;
}

/**
 * A new file goes to the branch that alone has files in its folder, or in folders of that name elsewhere; else to the base.
 * `wanted` decides otherwise. Folders are written as the template writes them.
 */
export function placeFile(
  path: string,
  files: ReadonlyMap<string, ComposedFile>,
  { layers, values, wanted }: { layers: readonly Layer[]; values: Values; wanted?: string | undefined },
): Place | undefined {
  const folders = foldersOf(files);
  const above = [...foldersAbove(path)].find((folder) => folders.has(folder));
  const known = above === undefined ? [] : (folders.get(above) ?? []);
  const rest = above === undefined ? path : path.slice(above.length + 1);
  const name = wanted ?? onlyOwner(known) ?? ownerByName(rest, folders) ?? baseName;
  const layer = layers.find(({ manifest }) => manifest.name === name || manifest.aliases.includes(name));
  if (layer === undefined) return undefined;
  const own = known.find((folder) => folder.layer === layer.manifest.name) ?? known[0];
  return { layer, path: [...(own === undefined ? [] : [own.written]), namesInPath(rest, values)].join('/') };
}

function onlyOwner(folders: readonly Folder[]): string | undefined {
  const owners = new Set(folders.map(({ layer }) => layer));
  return owners.size === 1 ? [...owners][0] : undefined;
}

/** The branch that alone has folders of a name: with `src/app/forest` of a branch, `tests/forest` is one of its tests. */
function ownerByName(path: string, folders: ReadonlyMap<string, Folder[]>): string | undefined {
  for (const folder of path.split('/').slice(0, -1)) {
    const owner = onlyOwner([...folders].flatMap(([known, own]) => (known.split('/').at(-1) === folder ? own : [])));
    if (owner !== undefined && owner !== baseName) return owner;
  }
  return undefined;
}
