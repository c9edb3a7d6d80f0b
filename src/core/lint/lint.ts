import { readManifest } from '../manifest.js';
import { baseFolder, baseManifestFile, branchesFolder, branchManifestFile, type TemplateStore } from '../store.js';
import type { Fault, LintLayer, Rule } from './faults.js';
import { everythingRenders } from './render-rule.js';
import * as rules from './rules.js';

const structure: readonly Rule[] = [
  rules.branchNamesAreUnique,
  rules.folderHasTheBranchName,
  rules.pathsStayInside,
  rules.layersDoNotOverlap,
  rules.namesAreKnown,
  rules.questionsAreUsed,
  rules.globsMatch,
  rules.namedFilesExist,
  rules.stepsAreTasks,
];

/** Every fault of a template repository. `builtin` is the base under a repository that has only branches. */
export function lintTemplate(store: TemplateStore, builtin: TemplateStore): Fault[] {
  const faults: Fault[] = [];
  const read = (from: TemplateStore, folder: string, manifestFile: string): LintLayer | undefined => {
    const manifestText = from.text(manifestFile);
    if (manifestText === undefined) return undefined;
    const { manifest, faults: found } = readManifest(manifestText);
    if (from === store) faults.push(...found.map((fault) => ({ file: manifestFile, ...fault })));
    if (manifest === undefined) return undefined;
    const { readme } = manifest.docs;
    return {
      manifest,
      folder,
      manifestFile,
      manifestText,
      files: from.tree(`${folder}/files`),
      readme: readme === undefined ? undefined : { path: readme, text: from.text(`${folder}/${readme}`) },
    };
  };
  const branches = store.folders(branchesFolder).flatMap((name) => {
    const file = branchManifestFile(name);
    if (store.text(file) === undefined) faults.push({ file, line: 1, message: 'is not there' });
    return read(store, `${branchesFolder}/${name}`, file) ?? [];
  });
  const ownBase = read(store, baseFolder, baseManifestFile);
  const base = ownBase ?? read(builtin, baseFolder, baseManifestFile);
  if (store.text(baseManifestFile) === undefined && branches.length === 0 && faults.length === 0) {
    faults.push({
      file: baseManifestFile,
      line: 1,
      message: 'is not there, and there is no branch either: this is no template repository',
    });
  }
  if (base === undefined) return faults;
  const subject = { store, base, layers: ownBase === undefined ? branches : [ownBase, ...branches] };
  faults.push(...structure.flatMap((rule) => [...rule(subject)]));
  // Rendering repeats what is wrong with the structure, so it comes when that is right.
  if (faults.length === 0) faults.push(...everythingRenders(subject));
  return faults.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
