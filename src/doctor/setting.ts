import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { placesOf, valueIn } from '../core/setting.js';
import { addressToShow } from '../core/source.js';
import type { ProjectManifest } from '../schema/project.js';
import { type Facts, type Finding, ok, skip } from './check.js';
import { variablesOf } from './dotenv.js';

type Declared = ProjectManifest['checks'][number];

/** What a setting is, and whether what its value needs is there: told, and no fault. */
export function judgeSetting({ value: key, needs = {}, at, fix }: Declared, facts: Facts): Finding {
  const variables = { ...dotenvOf(facts), ...facts.ctx.env };
  const chosen = settingOf(key, facts, variables);
  if (!chosen) return skip(`${key} is not set in conf`);
  const address = at === undefined ? undefined : settingOf(at, facts, variables);
  if (address) return ok(`${chosen} is configured, and ${at} is ${addressToShow(address) ?? 'set'}`);
  const variable = Object.entries(needs).find(([form]) => new RegExp(`^(?:${form})`).test(chosen))?.[1];
  if (variable === undefined) return ok(`${chosen} is configured`);
  if (variable === '' || variables[variable]) return ok(`${chosen} is configured and in use`);
  return ok(`${chosen} is configured, and ${variable} is not set: ${fix}`);
}

function dotenvOf({ ctx, root }: Facts): Record<string, string> {
  const file = join(root ?? ctx.cwd, '.env');
  return existsSync(file) ? Object.fromEntries(variablesOf(readFileSync(file, 'utf8'))) : {};
}

function settingOf(
  key: string,
  { ctx, root, lock }: Facts,
  variables: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const prefix = String(lock.value?.answers.package_name ?? '').toUpperCase();
  const named = variables[`${prefix}__${key.toUpperCase().replaceAll('.', '__')}`];
  if (named !== undefined) return named;
  for (const [path, names] of placesOf(key, variables[`${prefix}_ENV`] ?? 'development')) {
    const file = join(root ?? ctx.cwd, path);
    const found = existsSync(file) ? valueIn(readFileSync(file, 'utf8'), names) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
