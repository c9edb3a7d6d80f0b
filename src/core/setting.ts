import { parse } from 'yaml';

/** Where a key of a project's configuration may stand, and below which names of that file: the first that has it wins. */
export function placesOf(key: string, environment: string): readonly (readonly [path: string, names: string[]])[] {
  const names = key.split('.');
  const [group = '', section = ''] = names;
  const own = `conf/environments/${environment}`;
  return [
    [`${own}/${group}.yaml`, names.slice(1)],
    [`${own}.yaml`, names],
    [`conf/${group}/${section}.yaml`, names.slice(2)],
    [`conf/${group}.yaml`, names.slice(1)],
    ['conf/base.yaml', names],
  ];
}

/** What a file says of a key; undefined if it says nothing, or can't be read as YAML: other checks tell of that. */
export function valueIn(text: string, names: readonly string[]): string | undefined {
  let found: unknown;
  try {
    found = parse(text, { logLevel: 'silent' });
  } catch {
    return undefined;
  }
  for (const name of names) {
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined;
  }
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? `${found}` : undefined;
}
