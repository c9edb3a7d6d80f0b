import { MlsysError } from '../../errors.js';
import type { Layer } from '../layer.js';
import { type Baseline, renderTarget, type Target } from '../project.js';
import type { TreeFile } from '../tree.js';
import type { Contribution, LeftOut } from './contribution.js';

export interface Verified {
  readonly contributions: readonly Contribution[];
  readonly leftOut: readonly LeftOut[];
}

/** Renders the template with all changes in it, and keeps those that come out as they should. */
export function verifyContributions(target: Target, contributions: readonly Contribution[]): Verified {
  let rest = contributions;
  const leftOut: LeftOut[] = [];
  for (;;) {
    const wrong = faultsOf(target, rest);
    if (wrong.size === 0) return { contributions: rest, leftOut };
    for (const [{ path }, reason] of wrong) leftOut.push({ path, reason });
    rest = rest.filter((contribution) => !wrong.has(contribution));
  }
}

/** The contributions that go wrong, each with the reason. */
function faultsOf(target: Target, contributions: readonly Contribution[]): ReadonlyMap<Contribution, string> {
  if (contributions.length === 0) return new Map();
  let after: Baseline;
  try {
    after = renderTarget(withContributions(target, contributions)).baseline;
  } catch (error) {
    if (!(error instanceof MlsysError)) throw error;
    if (contributions.length === 1) return new Map(contributions.map((one) => [one, error.message]));
    const alone = contributions.flatMap((one) => [...faultsOf(target, [one])]);
    // Faults that only several have together are told of each.
    return new Map(alone.length > 0 ? alone : contributions.map((one) => [one, error.message]));
  }
  const wrong = contributions.filter(({ path, rendered }) => !isSame(after.get(path), rendered));
  if (wrong.length > 0) return new Map(wrong.map((one) => [one, 'the template would render something else']));
  return new Map();
}

const isSame = (a: TreeFile | undefined, b: TreeFile | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && a.mode === b.mode && Buffer.from(a.bytes).equals(b.bytes));

function withContributions(target: Target, contributions: readonly Contribution[]): Target {
  const { base, branches } = target.template;
  const change = (layer: Layer): Layer => {
    const prefix = `${layer.folder}/files/`;
    const own = contributions.filter(({ source }) => source.startsWith(prefix));
    if (own.length === 0) return layer;
    const files = new Map(layer.files);
    for (const { source, former, file } of own) {
      files.delete((former ?? source).slice(prefix.length));
      if (file !== undefined) files.set(source.slice(prefix.length), file);
    }
    const { manifest, folder, readme } = layer;
    return { manifest, folder, readme, files };
  };
  const changed = new Map([...branches].map(([name, layer]) => [name, change(layer)]));
  return { ...target, template: { base: change(base), branches: changed } };
}

/** The files of the template repository to write and, with undefined, to take away. */
export function sourceFiles(contributions: readonly Contribution[]): Map<string, TreeFile | undefined> {
  const files = new Map<string, TreeFile | undefined>();
  for (const { source, former, file } of contributions) {
    if (former !== undefined && former !== source) files.set(former, undefined);
    files.set(source, file);
  }
  return files;
}
