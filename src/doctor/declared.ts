import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { programsOnPath } from '../adapters/exec.js';
import type { ProjectManifest } from '../schema/project.js';
import { type Check, type Facts, ok } from './check.js';
import { probe } from './probe.js';
import { judgeSetting } from './setting.js';

type Declared = ProjectManifest['checks'][number];

/** The checks that the layers of a project declare. None runs anything: a check must not need trust. */
export const declaredChecks = ({ manifest }: Facts): Check[] => (manifest.value?.checks ?? []).map(checkOf);

function checkOf(declared: Declared): Check {
  return {
    name: declared.name,
    title: `${declared.name} (${declared.layer})`,
    run: async (facts) => {
      if (declared.kind === 'setting') return judgeSetting(declared, facts);
      if (await holds(declared, facts)) return ok(declared.value);
      return { status: 'warn', found: `${declared.kind} ${declared.value} is missing`, fix: declared.fix };
    },
  };
}

async function holds({ kind, value }: Declared, { ctx, root, limit }: Facts): Promise<boolean> {
  if (kind === 'file') return existsSync(join(root ?? ctx.cwd, value));
  if (kind === 'port') return (await probe(Number(value), Math.min(limit, 200))) === 'expected';
  return programsOnPath(ctx.env, ctx.platform, value.split(' ')[0] ?? '').length > 0;
}
