import type { ComposedFile } from '../compose.js';
import type { Layer } from '../layer.js';
import { pathFault } from '../paths.js';
import { parseRendered } from '../parse.js';
import type { Baseline } from '../project.js';
import type { TreeFile } from '../tree.js';
import { placeFile } from './place.js';
import { makeTemplate, type Refusal, turnBack, type TurnedBack } from './turn-back.js';
import { keptNames, type Values } from './values.js';

export type ContributionAction = 'create' | 'update' | 'move' | 'delete';

/** One change of a template's source files. */
export interface Contribution {
  /** The file in the project. */
  readonly path: string;
  readonly action: ContributionAction;
  readonly layer: string;
  /** The file in the template repository. */
  readonly source: string;
  /** The source that it replaces, where that has another path. */
  readonly former?: string;
  readonly file?: TreeFile;
  /** What the template renders with it. */
  readonly rendered?: TreeFile;
  readonly note?: string;
}

/** A change of the project that can't be brought back, or the lines of it that can't. */
export interface LeftOut {
  readonly path: string;
  readonly line?: number;
  readonly reason: string;
}

/** How a file of the project differs from what the template renders. */
export interface ProjectChange {
  readonly path: string;
  /** The rendered file that it is, under another path. */
  readonly from?: string | undefined;
  /** Without one, the project deleted it. */
  readonly file?: TreeFile | undefined;
}

/** The template as it is, and what it renders for the project. */
export interface Rendering {
  readonly layers: readonly Layer[];
  readonly files: ReadonlyMap<string, ComposedFile>;
  readonly baseline: Baseline;
  readonly data: object;
  readonly values: Values;
  /** The layer that new files go to, if the person says so. */
  readonly layer?: string | undefined;
  /** Whether the base is that of mlsys, and not in the template repository. */
  readonly hasForeignBase: boolean;
}

export interface Contributed {
  readonly contribution?: Contribution;
  readonly leftOut: readonly LeftOut[];
}

const refuse = (path: string, reason: string): Contributed => ({ leftOut: [{ path, reason }] });
const foreign = 'it belongs to the base of mlsys, which this template does not have';

export function contributionOf(change: ProjectChange, rendering: Rendering): Contributed {
  const { contribution, leftOut } = broughtBack(change, rendering);
  if (contribution?.file === undefined || change.path.endsWith('.py'))
    return { ...(contribution && { contribution }), leftOut };
  const before = rendering.files.get(change.from ?? change.path)?.bytes ?? Buffer.alloc(0);
  const [old = '', text = ''] = textsOf([before, contribution.file.bytes]) ?? [];
  const kept = keptNames(old, text, rendering.values).map(
    (word) => `says "${word}" in new lines: if that means the project, put a variable there`,
  );
  const notes = [...(contribution.note === undefined ? [] : [contribution.note]), ...kept];
  return { contribution: { ...contribution, ...(notes.length > 0 && { note: notes.join('; ') }) }, leftOut };
}

function broughtBack(change: ProjectChange, rendering: Rendering): Contributed {
  const { path, from, file } = change;
  const known = rendering.files.get(from ?? path);
  if (known === undefined) return file === undefined ? { leftOut: [] } : create({ path, file }, rendering);
  if (isForeign(known.layer, rendering)) return refuse(path, foreign);
  if (file === undefined) {
    return { contribution: { path, action: 'delete', layer: known.layer, source: known.source }, leftOut: [] };
  }
  const moved = from === undefined ? undefined : placeOf(path, { ...rendering, layer: known.layer });
  if (moved !== undefined && 'reason' in moved) return refuse(path, moved.reason);
  const ending = known.template ? '.hbs' : '';
  const before = rendering.baseline.get(from ?? path);
  if (before === undefined) return { leftOut: [] };
  return update({ path, file, known, before, moved: moved && moved.source + ending }, rendering);
}

const isForeign = (layer: string, { layers, hasForeignBase }: Rendering): boolean =>
  hasForeignBase && layers[0]?.manifest.name === layer;

interface Update {
  readonly path: string;
  readonly file: TreeFile;
  readonly known: ComposedFile;
  readonly before: TreeFile;
  readonly moved: string | undefined;
}

function update({ path, file, known, before, moved }: Update, rendering: Rendering): Contributed {
  const isEdited = !Buffer.from(before.bytes).equals(file.bytes);
  const source = moved ?? known.source;
  const facts = {
    path,
    action: moved === undefined ? ('update' as const) : ('move' as const),
    layer: known.layer,
    source,
    ...(moved === undefined ? {} : { former: known.source }),
  };
  const plain = (leftOut: readonly LeftOut[] = []): Contributed => ({
    contribution: { ...facts, file: isEdited ? file : { ...file, bytes: known.bytes }, rendered: file },
    leftOut,
  });
  if (!isEdited || file.mode === '120000' || known.mode === '120000') {
    return known.template && file.mode === '120000' ? refuse(path, 'it became a symbolic link') : plain();
  }
  const texts = textsOf([known.bytes, before.bytes, file.bytes]);
  if (texts === undefined) return known.template ? refuse(path, 'it is no text') : plain();
  const [template = '', rendered = '', wanted = ''] = texts;
  const request = { path, rendered, wanted, data: rendering.data, values: rendering.values };
  if (known.template) return turned(turnBack({ ...request, template, isTemplate: true }), facts, { file, known });
  const made = makeTemplate(request);
  if (made === undefined) return plain();
  if (!made.isTemplate) return turned(made, facts, { file, known });
  const named = {
    ...facts,
    source: `${source}.hbs`,
    former: known.source,
    note: 'is a template now, as it names the project',
  };
  return turned(made, named, { file, known });
}

type Facts = Omit<Contribution, 'file' | 'rendered'>;

function turned(
  { template, rendered, refused }: TurnedBack,
  facts: Facts,
  { file, known }: { readonly file: TreeFile; readonly known: ComposedFile },
): Contributed {
  const { path } = facts;
  const leftOut = refused.map(({ line, reason }: Refusal) => ({ path, line, reason }));
  const fault = refused.length === 0 ? undefined : parseRendered(path, rendered);
  if (fault !== undefined)
    return { leftOut: [...leftOut, { path, reason: `without these lines it is no valid ${fault}` }] };
  const isChanged = template !== Buffer.from(known.bytes).toString() || file.mode !== known.mode;
  if (!isChanged && facts.action !== 'move') return { leftOut };
  const written = { bytes: Buffer.from(template), mode: file.mode };
  return {
    contribution: { ...facts, file: written, rendered: { bytes: Buffer.from(rendered), mode: file.mode } },
    leftOut,
  };
}

/** The texts of all, or nothing where one is no UTF-8. */
function textsOf(all: readonly Uint8Array[]): string[] | undefined {
  const texts = all.map((bytes) => Buffer.from(bytes).toString());
  return all.every((bytes, i) => !bytes.includes(0) && Buffer.from(texts[i] ?? '').equals(bytes)) ? texts : undefined;
}

function create({ path, file }: { readonly path: string; readonly file: TreeFile }, rendering: Rendering): Contributed {
  const place = placeOf(path, rendering);
  if ('reason' in place) return refuse(path, place.reason);
  const { source, layer } = place;
  const facts: Facts = { path, action: 'create', layer, source };
  const plain: Contributed = { contribution: { ...facts, file, rendered: file }, leftOut: [] };
  const texts = file.mode === '120000' ? undefined : textsOf([file.bytes]);
  if (texts === undefined) return plain;
  const { data, values } = rendering;
  const made = makeTemplate({ path, rendered: '', wanted: texts[0] ?? '', data, values });
  if (made === undefined) return plain;
  if (made.refused.length > 0) {
    return { leftOut: made.refused.map(({ reason }) => ({ path, reason })) };
  }
  const written = { bytes: Buffer.from(made.template), mode: file.mode };
  return { contribution: { ...facts, source: `${source}.hbs`, file: written, rendered: file }, leftOut: [] };
}

function placeOf(path: string, rendering: Rendering): { source: string; layer: string } | { reason: string } {
  const { layers, files, layer: wanted, values } = rendering;
  const fault = path.includes('{{') ? 'has braces' : pathFault(path);
  if (fault !== undefined) return { reason: `a template can't have this path: it ${fault}` };
  if (path.endsWith('.hbs')) return { reason: 'a template renders what ends in .hbs' };
  const place = placeFile(path, files, { layers, values, wanted });
  if (place === undefined) return { reason: `the project has no layer ${wanted}` };
  const { manifest, folder, files: present } = place.layer;
  if (isForeign(manifest.name, rendering)) return { reason: `${foreign}: choose a branch with --layer` };
  if (present.has(place.path) || present.has(`${place.path}.hbs`)) {
    return { reason: `${folder}/files/${place.path} is there for other answers` };
  }
  return { source: `${folder}/files/${place.path}`, layer: manifest.name };
}
