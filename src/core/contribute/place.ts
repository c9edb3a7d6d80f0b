import type { ComposedFile } from '../compose.js';
import { baseName, type Layer } from '../layer.js';
import { foldersAbove } from '../moves.js';

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
 * A new file goes to the branch that alone has files in its folder, else to the base; `wanted` decides otherwise. Folders are
 * written as the template writes them.
 */
export function placeFile(
  path: string,
  files: ReadonlyMap<string, ComposedFile>,
  { layers, packageName, wanted }: { layers: readonly Layer[]; packageName: string; wanted?: string | undefined },
): Place | undefined {
  const folders = foldersOf(files);
  const above = [...foldersAbove(path)].find((folder) => folders.has(folder));
  const known = above === undefined ? [] : (folders.get(above) ?? []);
  const owners = [...new Set(known.map(({ layer }) => layer))];
  const name = wanted ?? (owners.length === 1 ? owners[0] : undefined) ?? baseName;
  const layer = layers.find(({ manifest }) => manifest.name === name || manifest.aliases.includes(name));
  if (layer === undefined) return undefined;
  const own = known.find((folder) => folder.layer === layer.manifest.name) ?? known[0];
  const rest = above === undefined ? path : path.slice(above.length + 1);
  const parts = rest.split('/');
  const below = parts.map((part, i) => (i < parts.length - 1 && part === packageName ? '{{package_name}}' : part));
  return { layer, path: [...(own === undefined ? [] : [own.written]), ...below].join('/') };
}
