import { accelerator } from './accelerator.js';
import { type Check, type Facts, faulty, type Finding } from './check.js';
import { containers } from './containers.js';
import { declaredChecks } from './declared.js';
import { disk } from './disk.js';
import { dotenv } from './dotenv.js';
import { drift } from './drift.js';
import { environment } from './environment.js';
import { extras } from './extras.js';
import { gh } from './gh.js';
import { git } from './git.js';
import { gitIdentity } from './git-identity.js';
import { hooks } from './hooks.js';
import { lock } from './lock.js';
import { manifest } from './manifest.js';
import { markers } from './markers.js';
import { memory } from './memory.js';
import { merge } from './merge.js';
import { node } from './node.js';
import { python } from './python.js';
import { repository } from './repository.js';
import { serviceChecks } from './services.js';
import { template } from './template.js';
import { torch } from './torch.js';
import { uv } from './uv.js';

/**
 * What doctor looks at, in the order in which it is shown and mended: the machine, then the project. What a killed command left
 * comes before the files that it was writing.
 */
export const checks: readonly Check[] = [
  git,
  gitIdentity,
  gh,
  node,
  uv,
  python,
  disk,
  memory,
  accelerator,
  containers,
  repository,
  merge,
  lock,
  manifest,
  template,
  drift,
  markers,
  environment,
  torch,
  extras,
  dotenv,
  hooks,
];

export interface Checked {
  readonly check: Check;
  readonly finding: Finding;
}

/** Runs all checks at once. One that breaks is a finding too. */
export function runChecks(facts: Facts): Promise<Checked[]> {
  const all = [...checks, ...serviceChecks(facts), ...declaredChecks(facts)];
  return Promise.all(all.map(async (check) => ({ check, finding: await runCheck(check, facts) })));
}

/** A check has its time, whatever the programs that it asks are doing. */
async function runCheck(check: Check, facts: Facts): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    const finding: Finding = { status: 'warn', found: 'could not be checked: it took too long' };
    timer = setTimeout(() => resolve(finding), 2 * facts.limit);
  });
  try {
    return await Promise.race([Promise.resolve(check.run(facts)), late]);
  } catch (error) {
    return faulty('warn', error, 'could not be checked: ');
  } finally {
    clearTimeout(timer);
  }
}
