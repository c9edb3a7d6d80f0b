import picomatch from 'picomatch';
import { MlsysError } from '../errors.js';
import type { FileMode } from '../schema/lock.js';
import type { Answers } from './answers.js';
import { type Facts, holds } from './expression.js';
import { branchNames, type Layer } from './layer.js';
import { normaliseDistribution } from './names.js';
import { withParts } from './parts.js';
import { linkFault, pathCollisions, pathFault } from './paths.js';
import { fillNames, renderText } from './render.js';
import { resolveTasks, type Task } from './tasks.js';

export interface ComposedFile {
  readonly bytes: Uint8Array;
  readonly mode: FileMode;
  readonly layer: string;
  /** Where the template file stands in its repository. */
  readonly source: string;
  /** Whether the bytes are a template still to be rendered. */
  readonly template: boolean;
  /** Written by `new` and never by an update. */
  readonly once: boolean;
}

export interface Composition {
  readonly files: ReadonlyMap<string, ComposedFile>;
  /** What templates see. */
  readonly data: TemplateData;
}

const templateEnding = '.hbs';

const render = (text: string, data: object, where: string): string => renderText(text, data, where);

/** Puts the layers on top of each other: which file comes from where, and the data of all manifests merged. */
export function compose(stack: readonly Layer[], answers: Answers): Composition {
  const facts: Facts = { answers, branches: branchNames(stack) };
  const layers = stack.map((layer) => ({
    ...layer,
    manifest: withParts(layer.manifest, (condition) => holds(condition, facts)),
  }));
  const data = composeData(layers, answers, facts);
  const files = new Map<string, ComposedFile>();
  for (const layer of layers) {
    for (const [path, file] of composeFiles(layer, answers, facts)) {
      const twin = files.get(path);
      if (twin !== undefined) {
        throw new MlsysError('template', `two files have the path ${path}: ${twin.source} and ${file.source}`, {
          hint: 'a layer adds files, it never replaces one of another layer',
        });
      }
      files.set(path, file);
    }
  }
  const [collision] = pathCollisions(files.keys());
  if (collision !== undefined) {
    throw new MlsysError(
      'template',
      `the paths ${collision[0]} and ${collision[1]} can't both exist where case is ignored`,
    );
  }
  return { files, data };
}

function* composeFiles(layer: Layer, answers: Answers, facts: Facts): Iterable<[string, ComposedFile]> {
  const { manifest, folder } = layer;
  const matcher = (glob: string) => picomatch(fillNames(glob, answers, `${folder}: ${glob}`), { dot: true });
  const absent = manifest.when.filter((rule) => !holds(rule.if, facts)).flatMap((rule) => rule.files.map(matcher));
  const once = manifest.once.map(matcher);
  for (const [templatePath, { bytes, mode }] of layer.files) {
    const source = `${folder}/files/${templatePath}`;
    const isTemplate = templatePath.endsWith(templateEnding) && mode !== '120000';
    const bare = isTemplate ? templatePath.slice(0, -templateEnding.length) : templatePath;
    const path = fillNames(bare, answers, source);
    const fault = pathFault(path) ?? (mode === '120000' ? linkFault(path, Buffer.from(bytes).toString()) : undefined);
    if (fault !== undefined) throw new MlsysError('template', `${source}: the path ${fault}`);
    if (absent.some((matches) => matches(path))) continue;
    yield [
      path,
      { bytes, mode, layer: manifest.name, source, template: isTemplate, once: once.some((matches) => matches(path)) },
    ];
  }
}

export type TemplateData = ReturnType<typeof composeData>;

interface Plugin {
  readonly name: string;
  readonly target: string;
}

function composeData(layers: readonly Layer[], answers: Answers, facts: Facts) {
  const manifests = layers.map((layer) => layer.manifest);
  const packageName = String(answers.package_name);
  const tasks: Task[] = resolveTasks(manifests, (text, where) => render(text, answers, where));
  const services = named(layers, 'services').map(([name, service, layer]) => ({
    ...service,
    mounts: mounts(service),
    name,
    layer,
  }));
  const imports = mergeImports(layers);
  const composed = {
    branches: manifests.slice(1).map(({ name, title, summary }) => ({ name, title, summary })),
    dependencies: requirements(manifests.flatMap((m) => m.python.dependencies)),
    dev_dependencies: requirements(manifests.flatMap((m) => m.python.dev)),
    extras: mergeExtras(layers),
    conflicts: manifests.flatMap((m) => m.python.conflicts),
    indexes: manifests
      .flatMap((m) => m.python.indexes)
      .filter((index) => index.if === undefined || holds(index.if, facts))
      .map(({ name, url, packages }) => ({ name, url, packages })),
    typed: [...new Set(manifests.flatMap((m) => m.python.typed))].sort(byText),
    lint: manifests.flatMap((m) => m.python.lint),
    module_names: imports.filter(({ modules }) => modules.length > 0),
    not_imported: imports.filter(({ modules }) => modules.length === 0).map(({ name }) => name),
    env: named(layers, 'env').map(([name, variable, layer]) => ({ name, ...variable, layer })),
    plugins: mergePlugins(layers, packageName),
    tasks,
    services,
    processes: named(layers, 'processes').map(([name, process, layer]) => ({ ...process, name, layer })),
    image_extras: [...new Set(manifests.flatMap((m) => m.image.extras))].sort(byText),
    image_folders: [...new Set(manifests.flatMap((m) => m.image.folders))].sort(byText),
    volumes: [...new Set(services.flatMap((service) => Object.keys(service.volumes)))].sort(byText),
    workflows: named(layers, 'workflows').map(([name, workflow, layer]) => ({ ...workflow, name, layer })),
  };
  const data = { ...answers, ...composed };
  return { ...data, docs: layers.map((layer) => composeDocs(layer, data)) };
}

function composeDocs({ manifest, readme, folder }: Layer, data: object) {
  const rendered = readme === undefined ? '' : render(readme, data, `${folder}/${manifest.docs.readme}`);
  // A page of the documentation links to others from where it lies.
  const pages = manifest.docs.pages.map((page) => ({ ...page, link: page.path.slice('docs/'.length) }));
  return { layer: manifest.name, title: manifest.title, readme: rendered, pages };
}

/** The volumes and files of a service, as compose writes them. */
const mounts = ({ volumes, files }: Layer['manifest']['services'][string]): string[] => [
  ...Object.entries(volumes).map(([volume, path]) => `${volume}:${path}`),
  ...Object.entries(files).map(([file, path]) => `./${file}:${path}:ro`),
];

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Requirements of all layers, each once, by name. Two for one package both stand: installers take them together. */
function requirements(all: readonly string[]): string[] {
  const nameOf = (requirement: string): string => normaliseDistribution(/^[\w.-]*/.exec(requirement)?.[0] ?? '');
  return [...new Set(all)].sort((a, b) => byText(nameOf(a), nameOf(b)) || byText(a, b));
}

function mergeExtras(layers: readonly Layer[]): { name: string; requirements: string[] }[] {
  const extras = new Map<string, string[]>();
  for (const { manifest } of layers) {
    for (const [name, wanted] of Object.entries(manifest.python.extras)) {
      extras.set(name, [...(extras.get(name) ?? []), ...wanted]);
    }
  }
  return [...extras]
    .map(([name, wanted]) => ({ name, requirements: requirements(wanted) }))
    .sort((a, b) => byText(a.name, b.name));
}

/** The modules of packages, by name: all that a layer names. One that nothing imports in one layer may be imported in another. */
function mergeImports(layers: readonly Layer[]): { name: string; modules: string[] }[] {
  const modules = new Map<string, Set<string>>();
  for (const { manifest } of layers) {
    for (const [name, imported] of Object.entries(manifest.python.imports)) {
      modules.set(name, new Set([...(modules.get(name) ?? []), ...imported]));
    }
  }
  return [...modules]
    .map(([name, all]) => ({ name, modules: [...all].sort(byText) }))
    .sort((a, b) => byText(a.name, b.name));
}

function mergePlugins(layers: readonly Layer[], packageName: string): { group: string; entries: Plugin[] }[] {
  const groups = new Map<string, Map<string, Plugin>>();
  for (const { manifest, folder } of layers) {
    for (const [group, entries] of Object.entries(manifest.plugins)) {
      const merged = groups.get(group) ?? new Map<string, Plugin>();
      groups.set(group, merged);
      for (const [name, target] of Object.entries(entries)) {
        if (merged.has(name)) throw twice(`the plugin ${name} of ${group}`, folder);
        merged.set(name, { name, target: target.startsWith('.') ? `${packageName}${target}` : target });
      }
    }
  }
  return [...groups]
    .map(([group, entries]) => ({ group, entries: [...entries.values()].sort((a, b) => byText(a.name, b.name)) }))
    .sort((a, b) => byText(a.group, b.group));
}

type NamedKey = 'env' | 'services' | 'processes' | 'workflows';

/** Entries of one key of all layers. Two layers may give one name the same value; different ones are an error. */
function named<K extends NamedKey>(layers: readonly Layer[], key: K): [string, Layer['manifest'][K][string], string][] {
  const merged = new Map<string, [string, Layer['manifest'][K][string], string]>();
  for (const { manifest, folder } of layers) {
    for (const [name, value] of Object.entries(manifest[key]) as [string, Layer['manifest'][K][string]][]) {
      const twin = merged.get(name);
      if (twin === undefined) merged.set(name, [name, value, manifest.name]);
      else if (JSON.stringify(twin[1]) !== JSON.stringify(value)) throw twice(`${name} of ${key}`, folder);
    }
  }
  return [...merged.values()].sort((a, b) => byText(a[0], b[0]));
}

const twice = (what: string, folder: string): MlsysError =>
  new MlsysError('manifest', `${what} is declared by two layers, the second is ${folder}`, {
    hint: 'give one of them another name',
  });
