import { collectQuestions } from './answers.js';
import { normaliseDistribution } from './names.js';
import type { Rendered } from './project.js';
import { projectManifestPath } from '../schema/project.js';

export type Change = 'added' | 'removed' | 'changed';

/** One thing that is not the same in two branches. */
export interface FactChange {
  readonly name: string;
  readonly change: Change;
  /** How a person would say it; only on the sides that have it. */
  readonly before?: string;
  readonly after?: string;
}

export interface FileChange {
  readonly path: string;
  readonly change: Change;
  /** The layer that the file comes from. */
  readonly layer: string;
}

export interface BranchDifference {
  readonly sections: readonly { readonly title: string; readonly changes: readonly FactChange[] }[];
  readonly files: readonly FileChange[];
}

/** A value to compare, and how a person would say it. */
interface Fact {
  readonly value: unknown;
  readonly text: string;
}
type Facts = ReadonlyMap<string, Fact>;

/** What changes from one rendered branch to another: what their manifests say with all that is below them, and the files. */
export function compareRendered(before: Rendered, after: Rendered): BranchDifference {
  const [former, next] = [factsOf(before), factsOf(after)];
  const sections = [...former].flatMap(([title, facts]) => {
    const changes = compareFacts(facts, next.get(title) ?? new Map());
    return changes.length === 0 ? [] : [{ title, changes }];
  });
  return { sections, files: compareFiles(before, after) };
}

function compareFacts(before: Facts, after: Facts): FactChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name): FactChange[] => {
    const [a, b] = [before.get(name), after.get(name)];
    if (a === undefined) return b === undefined ? [] : [{ name, change: 'added', after: b.text }];
    if (b === undefined) return [{ name, change: 'removed', before: a.text }];
    const same = JSON.stringify(a.value) === JSON.stringify(b.value);
    return same ? [] : [{ name, change: 'changed', before: a.text, after: b.text }];
  });
}

function compareFiles({ baseline: before }: Rendered, { baseline: after }: Rendered): FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter((path) => path !== projectManifestPath).sort();
  return paths.flatMap((path): FileChange[] => {
    const [a, b] = [before.get(path), after.get(path)];
    if (a === undefined) return b === undefined ? [] : [{ path, change: 'added', layer: b.layer }];
    if (b === undefined) return [{ path, change: 'removed', layer: a.layer }];
    const same = a.mode === b.mode && Buffer.compare(a.bytes, b.bytes) === 0;
    return same ? [] : [{ path, change: 'changed', layer: b.layer }];
  });
}

function factsOf({ layers, manifest }: Rendered): ReadonlyMap<string, Facts> {
  const manifests = layers.map((layer) => layer.manifest);
  const listed = (lines: readonly string[]): Facts => new Map(lines.map((line) => [packageOf(line), fact(line)]));
  const { memory_gb, disk_gb, devices } = manifest.requires;
  return new Map<string, Facts>([
    ['questions', new Map([...collectQuestions(layers)].map(([name, q]) => [name, fact(q, sayQuestion(q))]))],
    [
      'needs',
      new Map([
        ...(memory_gb > 0 ? [['memory', fact(memory_gb, `${memory_gb} GB`)] as const] : []),
        ...(disk_gb > 0 ? [['disk', fact(disk_gb, `${disk_gb} GB`)] as const] : []),
        ...(devices.length > 0 ? [['device', fact(devices.join(', '))] as const] : []),
        ...manifests.flatMap((m) => m.requires.answers.map((text) => [text, fact(text, 'must hold')] as const)),
      ]),
    ],
    ['packages', listed(manifests.flatMap((m) => m.python.dependencies))],
    ['packages for development', listed(manifests.flatMap((m) => m.python.dev))],
    [
      'extras',
      new Map(
        manifests.flatMap((m) =>
          Object.entries(m.python.extras).map(([name, list]) => [name, fact(list, list.join(', '))]),
        ),
      ),
    ],
    ['tasks', new Map(manifest.tasks.map((task) => [task.name, fact(task, task.help)]))],
    ['variables', new Map(manifest.env.map((v) => [v.name, fact(v, v.help)]))],
    ['services', new Map(manifest.services.map((service) => [service.name, fact(service, service.image)]))],
    [
      'plugins',
      new Map(
        manifests.flatMap((m) =>
          Object.entries(m.plugins).flatMap(([group, entries]) =>
            Object.entries(entries).map(([name, target]) => [`${group} ${name}`, fact(target)] as const),
          ),
        ),
      ),
    ],
  ]);
}

const fact = (value: unknown, text = String(value)): Fact => ({ value, text });

const packageOf = (requirement: string): string =>
  normaliseDistribution(/^[\w.-]+/.exec(requirement)?.[0] ?? requirement);

type Question = ReturnType<typeof collectQuestions> extends Map<string, infer Q> ? Q : never;

const sayQuestion = ({ type, choices, default: preset }: Question): string =>
  `${choices === undefined ? type : choices.join(' | ')}${preset === undefined ? '' : `, default ${JSON.stringify(preset)}`}`;
