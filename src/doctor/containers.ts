import { programsOnPath } from '../adapters/exec.js';
import { type Check, ok, outside, skip } from './check.js';

const engines = ['docker', 'podman'];

export const containers: Check = {
  name: 'containers',
  title: 'container engine',
  run: ({ ctx, root, manifest }) => {
    if (root === undefined) return outside;
    const services = manifest.value?.services ?? [];
    if (services.length === 0) return skip('no service of the project needs one');
    const engine = engines.find((name) => programsOnPath(ctx.env, ctx.platform, name).length > 0);
    if (engine !== undefined) return ok(engine);
    const found = `none, and ${services.map(({ name }) => name).join(', ')} would run in one`;
    return { status: 'warn', found, fix: 'install Docker or Podman, or use the embedded defaults' };
  },
};
