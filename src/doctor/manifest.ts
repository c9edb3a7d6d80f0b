import { projectManifest, projectManifestPath } from '../schema/project.js';
import { plural } from '../ui/style.js';
import { type Check, faulty, type Finding, ok, outside } from './check.js';
import { restoreFromHead } from './restore.js';

const parse = (text: string): unknown => projectManifest.parse(JSON.parse(text));

export const manifest: Check = {
  name: 'manifest',
  title: 'project manifest',
  run: async (facts): Promise<Finding> => {
    const { value, error } = facts.manifest;
    if (facts.root === undefined) return outside;
    if (value !== undefined)
      return ok(`${plural(value.layers.length, 'layer')}, ${plural(value.tasks.length, 'task')}`);
    const apply = await restoreFromHead(facts, { path: projectManifestPath, parse });
    return { ...faulty('fail', error), ...(apply && { apply }) };
  },
};
