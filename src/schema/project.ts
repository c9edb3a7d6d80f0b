import * as z from 'zod';

/** What a project knows of its layers without its template: written to `.mlsys/manifest.json` as a part of the baseline. */
export const projectManifestPath = '.mlsys/manifest.json';

export const projectTask = z.object({
  name: z.string(),
  layer: z.string(),
  help: z.string(),
  command: z.array(z.string()),
  steps: z.array(z.string()),
  needs: z.object({ gpu: z.boolean(), services: z.array(z.string()), extras: z.array(z.string()) }),
  /** Layers that declare this plain name, where the name alone does not say which one is meant. */
  ambiguous: z.array(z.string()),
});
export type ProjectTask = z.infer<typeof projectTask>;

export const projectManifest = z.object({
  layers: z.array(z.object({ name: z.string(), title: z.string() })),
  requires: z.object({
    memory_gb: z.number(),
    disk_gb: z.number(),
    devices: z.array(z.string()),
  }),
  env: z.array(
    z.object({
      name: z.string(),
      required: z.boolean(),
      secret: z.boolean(),
      default: z.string(),
      help: z.string(),
      layer: z.string(),
    }),
  ),
  conflicts: z.array(z.array(z.string())),
  services: z.array(
    z.looseObject({ name: z.string(), layer: z.string(), image: z.string(), ports: z.array(z.string()) }),
  ),
  checks: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      value: z.string(),
      fix: z.string(),
      needs: z.record(z.string(), z.string()).optional(),
      at: z.string().optional(),
      layer: z.string(),
    }),
  ),
  tasks: z.array(projectTask),
});
export type ProjectManifest = z.infer<typeof projectManifest>;
