import { accelerator } from './accelerator.js';
import type { Check, Facts, Finding } from './check.js';
import { containers } from './containers.js';
import { declaredChecks } from './declared.js';
import { disk } from './disk.js';
import { dotenv } from './dotenv.js';
import { environment } from './environment.js';
import { extras } from './extras.js';
import { git } from './git.js';
import { gitIdentity } from './git-identity.js';
import { lock } from './lock.js';
import { manifest } from './manifest.js';
import { markers } from './markers.js';
import { memory } from './memory.js';
import { merge } from './merge.js';
import { node } from './node.js';
import { python } from './python.js';
import { uv } from './uv.js';

/** What doctor looks at, in the order in which it is shown: the machine, then the project. */
export const checks: readonly Check[] = [
  git,
  gitIdentity,
  node,
  uv,
  python,
  disk,
  memory,
  accelerator,
  lock,
  manifest,
  environment,
  extras,
  dotenv,
  markers,
  merge,
  containers,
];

export interface Checked {
  readonly check: Check;
  readonly finding: Finding;
}

/** Runs all checks at once. One that breaks is a finding too. */
export function runChecks(facts: Facts): Promise<Checked[]> {
  return Promise.all([...checks, ...declaredChecks(facts)].map((check) => runCheck(check, facts)));
}

async function runCheck(check: Check, facts: Facts): Promise<Checked> {
  try {
    return { check, finding: await check.run(facts) };
  } catch (error) {
    const found = `could not be checked: ${error instanceof Error ? error.message : String(error)}`;
    return { check, finding: { status: 'warn', found } };
  }
}
