import { requireTrust } from '../adapters/trust.js';
import type { Facts } from './check.js';

/** Makes the environment, where the person trusts the template whose code that runs. */
export async function setUpTrusted({ ctx, lock, setUp }: Facts, root: string): Promise<void> {
  if (lock.value === undefined) throw lock.error ?? new Error('no lock');
  requireTrust(ctx, lock.value.template, root);
  await setUp(root);
}
