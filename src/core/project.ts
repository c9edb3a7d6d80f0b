import { MlsysError } from '../errors.js';
import { type Lock, lockPath, lockSchemaVersion, type TemplateRef } from '../schema/lock.js';
import { type ProjectManifest, projectManifestPath } from '../schema/project.js';
import { type Answers, collectQuestions, resolveAnswers } from './answers.js';
import { type Composition, compose } from './compose.js';
import { holds } from './expression.js';
import { branchNames, type Layer, stackLayers, type Template } from './layer.js';
import { checkNameAgainstDependencies, type ProjectNames } from './names.js';
import { parseRendered } from './parse.js';
import { renderText } from './render.js';
import { blobId, sortedByPath, type TreeFile } from './tree.js';

/** A file of a baseline, with what the commands need to know of it. */
export interface BaselineFile extends TreeFile {
  readonly layer: string;
  readonly source: string;
  readonly once: boolean;
}
export type Baseline = ReadonlyMap<string, BaselineFile>;

/** What a project should be rendered from. */
export interface Target {
  readonly template: Template;
  readonly branches: readonly string[];
  readonly names: ProjectNames;
  readonly given: ReadonlyMap<string, Answers[string]>;
  readonly former?: Answers;
}

export interface Rendered {
  readonly layers: readonly Layer[];
  readonly branches: readonly string[];
  readonly answers: Answers;
  readonly baseline: Baseline;
  readonly manifest: ProjectManifest;
}

/**
 *     branches → layers → answers → composition → baseline
 */
export function renderTarget({ template, branches, names, given, former = {} }: Target): Rendered {
  const layers = stackLayers(template, branches);
  const answers = { ...names, ...resolveAnswers({ questions: collectQuestions(layers), given, former }) };
  checkRequirements(layers, answers);
  const composition = compose(layers, answers);
  const { dependencies, dev_dependencies, extras } = composition.data;
  checkNameAgainstDependencies(names, [
    ...dependencies,
    ...dev_dependencies,
    ...extras.flatMap((extra) => extra.requirements),
  ]);
  const manifest = projectManifestOf(layers, composition);
  const baseline = new Map(renderFiles(composition));
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  baseline.set(projectManifestPath, {
    bytes: Buffer.from(text),
    mode: '100644',
    layer: template.base.manifest.name,
    source: 'mlsys',
    once: false,
  });
  return { layers, branches: branchNames(layers), answers, baseline: sortedByPath(baseline), manifest };
}

/** A layer may work with some answers only. */
function checkRequirements(layers: readonly Layer[], answers: Answers): void {
  const facts = { answers, branches: branchNames(layers) };
  for (const { manifest } of layers) {
    for (const condition of manifest.requires.answers) {
      if (holds(condition, facts)) continue;
      throw new MlsysError('answer', `${manifest.name} works only where \`${condition}\` holds`, {
        hint: 'give the answer with --set name=value',
      });
    }
  }
}

function* renderFiles({ files, data }: Composition): Iterable<[string, BaselineFile]> {
  for (const [path, { bytes, mode, template, layer, source, once }] of files) {
    if (path === lockPath || path === projectManifestPath) {
      throw new MlsysError('template', `${source}: mlsys writes ${path} itself`);
    }
    if (!template) {
      yield [path, { bytes, mode, layer, source, once }];
      continue;
    }
    const text = renderText(Buffer.from(bytes).toString('utf8'), data, source);
    const fault = parseRendered(path, text);
    if (fault !== undefined) throw new MlsysError('render', `${source}: what it renders is no valid ${fault}`);
    yield [path, { bytes: Buffer.from(text), mode, layer, source, once }];
  }
}

function projectManifestOf(layers: readonly Layer[], { data }: Composition): ProjectManifest {
  const manifests = layers.map((layer) => layer.manifest);
  const most = (key: 'memory_gb' | 'disk_gb'): number => Math.max(0, ...manifests.map((m) => m.requires[key] ?? 0));
  return {
    layers: manifests.map(({ name, title }) => ({ name, title })),
    requires: {
      memory_gb: most('memory_gb'),
      disk_gb: most('disk_gb'),
      devices: [...new Set(manifests.map((m) => m.requires.device).filter((device) => device !== 'any'))],
    },
    env: data.env,
    conflicts: data.conflicts,
    services: data.services.map(({ name, layer, image, ports }) => ({ name, layer, image, ports })),
    checks: manifests.flatMap((m) => m.checks.map((check) => ({ ...check, layer: m.name }))),
    tasks: data.tasks.map(({ alias: _, ...task }) => ({
      ...task,
      command: [...task.command],
      steps: [...task.steps],
      ambiguous: [...task.ambiguous],
    })),
  };
}

/** The lock of a project that was rendered like this. */
export function lockOf({ baseline, branches, answers }: Rendered, template: TemplateRef, mlsysVersion: string): Lock {
  const entries = [...baseline].map(([path, { bytes, mode, once }]) => {
    const entry = { blob: blobId(bytes), mode };
    return [path, once ? { ...entry, once: true as const } : entry] as const;
  });
  return {
    schema: lockSchemaVersion,
    template,
    mlsys: mlsysVersion,
    branches: [...branches],
    answers: Object.fromEntries(Object.entries(answers).sort(([a], [b]) => (a < b ? -1 : 1))),
    files: Object.fromEntries(entries),
  };
}

export const lockText = (lock: Lock): string => `${JSON.stringify(lock, null, 2)}\n`;
