import picomatch from 'picomatch';
import { type Manifest, part as partOf } from '../schema/manifest.js';
import { type Facts, holds, parseExpression } from './expression.js';
import { baseName, type Layer } from './layer.js';
import { barePath } from './lint/faults.js';

type Part = Manifest['parts'][number];

/** What is there only because a project has several branches. */
export interface Together extends Omit<Part, 'summary'> {
  /** The branches that it takes, the one whose manifest has it among them. */
  readonly branches: readonly string[];
  /** The layer that brings it. */
  readonly from: string;
  readonly summary: string;
}

/** What the branches of a template bring to each other: what manifests have on condition of another branch. */
export function bringTogether(layers: readonly Layer[]): Together[] {
  return layers.flatMap((layer) => {
    const own = layer.manifest.name;
    const parts = [...layer.manifest.parts, ...layer.manifest.when.map((rule) => partOf.parse(rule))];
    return parts.flatMap((part): Together[] => {
      const asked = parseExpression(part.if).wanted.filter((name) => name !== own);
      if (asked.length === 0) return [];
      const branches = [...new Set(own === baseName ? asked : [own, ...asked])].sort();
      return [{ ...part, summary: part.summary ?? '', branches, from: own, files: filesOf(layer, part) }];
    });
  });
}

/** What a branch brings to others, and they to it. */
export const togetherWith = (layers: readonly Layer[], name: string): Together[] =>
  bringTogether(layers).filter(({ branches }) => branches.includes(name));

/** What a project gets because of the branches that it has. */
export const togetherIn = (layers: readonly Layer[], facts: Facts): Together[] =>
  bringTogether(layers).filter((part) => holds(part.if, facts));

/** The files of a part by their paths in the template. */
function filesOf({ files }: Layer, part: Part): string[] {
  const plain = (path: string): string => path.replace(/\{\{(\w+)\}\}/g, '$1');
  const matchers = part.files.map((glob) => picomatch(plain(glob), { dot: true }));
  return [...files.keys()].filter((path) => matchers.some((matches) => matches(plain(barePath(path))))).sort();
}
