import { baseName, type Layer, type Template } from '../core/layer.js';
import { requireManifest } from '../core/manifest.js';
import { baseFolder, baseManifestFile, branchesFolder, branchManifestFile, type TemplateStore } from '../core/store.js';
import type { Tree } from '../core/tree.js';
import { MlsysError } from '../errors.js';

/** A layer whose files are read when they are first asked for: most commands need the manifests of all, the files of few. */
function lazyLayer(store: TemplateStore, folder: string, manifestPath: string): Layer | undefined {
  const text = store.text(manifestPath);
  if (text === undefined) return undefined;
  const manifest = requireManifest(text, manifestPath);
  let files: Tree | undefined;
  return {
    manifest,
    folder,
    get files() {
      files ??= store.tree(`${folder}/files`);
      return files;
    },
    get readme() {
      const { readme } = manifest.docs;
      if (readme === undefined) return undefined;
      const section = store.text(`${folder}/${readme}`);
      if (section === undefined)
        throw new MlsysError('manifest', `${manifestPath}: docs.readme names ${readme}, which is not there`);
      return section;
    },
  };
}

/** The base of a template repository, if it has one. */
export const readBase = (store: TemplateStore): Layer | undefined => lazyLayer(store, baseFolder, baseManifestFile);

/** Reads a template repository. One with branches only stands on the base that mlsys brings. */
export function readTemplate(store: TemplateStore, where: string, builtinBase?: () => Layer | undefined): Template {
  const ownBase = readBase(store);
  const branches = new Map<string, Layer>();
  for (const name of store.folders(branchesFolder).sort()) {
    const layer = lazyLayer(store, `${branchesFolder}/${name}`, branchManifestFile(name));
    if (layer === undefined) throw new MlsysError('template', `${branchesFolder}/${name} has no branch.yaml`);
    branches.set(layer.manifest.name, layer);
  }
  const base = ownBase ?? (branches.size > 0 ? builtinBase?.() : undefined);
  if (base === undefined) {
    throw new MlsysError(
      'template',
      `${where} is no template: it has neither ${baseManifestFile} nor ${branchManifestFile('<name>')}`,
      {
        hint: 'start one with `mlsys branch create <name> --init`',
      },
    );
  }
  if (base.manifest.name !== baseName) {
    throw new MlsysError('manifest', `${baseManifestFile}: the base is named ${baseName}, not ${base.manifest.name}`);
  }
  return { base, branches };
}
