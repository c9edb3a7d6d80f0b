import type { Manifest } from '../schema/manifest.js';

/**
 * A manifest with its parts merged into it, those that are wanted. The files of the others are left to `when`, which
 * leaves them out.
 */
export function withParts(manifest: Manifest, wanted: (condition: string) => boolean): Manifest {
  const when = [...manifest.when, ...manifest.parts.flatMap((part) => ({ files: part.files, if: part.if }))];
  const merge = (whole: Manifest, part: Manifest['parts'][number]): Manifest => ({
    ...whole,
    python: {
      ...whole.python,
      dependencies: [...whole.python.dependencies, ...part.python.dependencies],
      dev: [...whole.python.dev, ...part.python.dev],
      extras: joined(whole.python.extras, part.python.extras, (below, above) => [...below, ...above]),
    },
    env: { ...whole.env, ...part.env },
    plugins: joined(whole.plugins, part.plugins, (below, above) => ({ ...below, ...above })),
    tasks: { ...whole.tasks, ...part.tasks },
    services: { ...whole.services, ...part.services },
    workflows: { ...whole.workflows, ...part.workflows },
    docs: { ...whole.docs, pages: [...whole.docs.pages, ...part.pages] },
  });
  return manifest.parts.filter((part) => wanted(part.if)).reduce(merge, { ...manifest, when, parts: [] });
}

function joined<V>(below: Record<string, V>, above: Record<string, V>, join: (a: V, b: V) => V): Record<string, V> {
  const added = Object.entries(above).map(([name, value]) => {
    const former = below[name];
    return [name, former === undefined ? value : join(former, value)];
  });
  return { ...below, ...Object.fromEntries(added) };
}
