import { normaliseDistribution } from './names.js';

/**
 * The distributions that an extra brings on every machine: requirements with a marker may rightly be missing and are left out.
 * An extra that names others of the same project (`all = ["project[a,b]"]`) brings theirs.
 */
export function requirementsOfExtra(
  project: string,
  extras: Readonly<Record<string, readonly string[]>>,
  extra: string,
  seen: ReadonlySet<string> = new Set(),
): string[] {
  const own = normaliseDistribution(project);
  const requirements = Object.hasOwn(extras, extra) ? (extras[extra] ?? []) : [];
  if (seen.has(extra)) return [];
  const names = requirements.flatMap((requirement) => {
    if (requirement.includes(';')) return [];
    const match = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?/.exec(requirement);
    const name = normaliseDistribution(match?.[1] ?? '');
    if (name !== own) return name === '' ? [] : [name];
    const others = (match?.[2] ?? '').split(',').map((other) => other.trim());
    return others.flatMap((other) => requirementsOfExtra(project, extras, other, new Set([...seen, extra])));
  });
  return [...new Set(names)];
}
