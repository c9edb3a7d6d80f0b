import { parse } from 'smol-toml';
import { normaliseDistribution } from '../names.js';

/** The package that a requirement is about, or undefined where the text is no requirement. */
export function requiredPackage(text: string): string | undefined {
  const name = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\]\s*)?(?:$|[<>=!~;@^(])/.exec(text)?.[1];
  return name === undefined ? undefined : normaliseDistribution(name);
}

/** A package that a list of a TOML file requires more often than the same list of either side: one of them would lose. */
export function clashingRequirement(path: string, merged: string, sides: readonly string[]): string | undefined {
  if (!path.endsWith('.toml')) return undefined;
  const known = sides.map(requirementCounts);
  for (const [entry, { name, count }] of requirementCounts(merged)) {
    if (count > 1 && known.every((counts) => (counts.get(entry)?.count ?? 0) < count)) return name;
  }
  return undefined;
}

type Counts = Map<string, { readonly name: string; readonly count: number }>;

function requirementCounts(text: string): Counts {
  const counts: Counts = new Map();
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string') {
      const name = requiredPackage(value);
      const entry = `${path} ${name}`;
      if (name !== undefined) counts.set(entry, { name, count: (counts.get(entry)?.count ?? 0) + 1 });
    } else if (Array.isArray(value)) for (const item of value) visit(item, path);
    else if (typeof value === 'object' && value !== null)
      for (const [key, item] of Object.entries(value)) visit(item, `${path}.${key}`);
  };
  try {
    visit(parse(text), '');
  } catch {
    // A side that does not parse requires nothing.
  }
  return counts;
}
