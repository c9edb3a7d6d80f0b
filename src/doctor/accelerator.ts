import { findAccelerator } from '../adapters/accelerator.js';
import { type Check, type Facts, ok } from './check.js';

/** The devices that the branches require, and the one that the person chose. */
function wantedDevices({ lock, manifest }: Facts): string[] {
  const chosen = lock.value?.answers.accelerator;
  const required = manifest.value?.requires.devices ?? [];
  return chosen === 'cuda' || chosen === 'mps' ? [...required, chosen] : [...required];
}

export const accelerator: Check = {
  name: 'accelerator',
  title: 'accelerator',
  run: async (facts) => {
    const { kind, name } = await findAccelerator(facts.ctx, Math.min(facts.limit, 900));
    const lacking = wantedDevices(facts).find((device) => kind === 'none' || (device !== 'gpu' && device !== kind));
    if (lacking === undefined) return ok(name);
    const fix = 'use a machine that has it, or choose another accelerator';
    return { status: 'fail', found: `${name}, and the project wants ${lacking}`, fix };
  },
};
