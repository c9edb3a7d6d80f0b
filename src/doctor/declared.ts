import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programsOnPath } from '../adapters/exec.js';
import type { ProjectManifest } from '../schema/project.js';
import { type Check, type Facts, ok } from './check.js';
import { variablesSet } from './dotenv.js';
import { probe } from './probe.js';

type Declared = ProjectManifest['checks'][number];

/** The checks that the layers of a project declare. None runs anything: a check must not need trust. */
export const declaredChecks = ({ manifest }: Facts): Check[] => (manifest.value?.checks ?? []).map(checkOf);

function checkOf(declared: Declared): Check {
  return {
    name: declared.name,
    title: `${declared.name} (${declared.layer})`,
    run: async (facts) =>
      declared.kind === 'variable'
        ? ok(`${declared.value} is ${isSet(declared.value, facts) ? 'set' : `not set: ${declared.fix}`}`)
        : (await holds(declared, facts))
          ? ok(declared.value)
          : { status: 'warn', found: `${declared.kind} ${declared.value} is missing`, fix: declared.fix },
  };
}

/** Whether a variable that nothing needs is there: what its absence means is told, and is no fault. */
function isSet(name: string, { ctx, root }: Facts): boolean {
  const file = join(root ?? ctx.cwd, '.env');
  return Boolean(ctx.env[name]) || (existsSync(file) && variablesSet(readFileSync(file, 'utf8')).has(name));
}

async function holds({ kind, value }: Declared, { ctx, root, limit }: Facts): Promise<boolean> {
  if (kind === 'file') return existsSync(join(root ?? ctx.cwd, value));
  if (kind === 'port') return (await probe(Number(value), Math.min(limit, 200))) === 'expected';
  return programsOnPath(ctx.env, ctx.platform, value.split(' ')[0] ?? '').length > 0;
}
