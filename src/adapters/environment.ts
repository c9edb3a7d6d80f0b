import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { requirementsOfExtra } from '../core/extras.js';

const stampFile = '.mlsys-in-step';

/** Where uv keeps the virtual environment of a project. */
export const environmentFolder = (root: string, env: NodeJS.ProcessEnv): string =>
  resolve(root, env.UV_PROJECT_ENVIRONMENT || '.venv');

const readText = (path: string): string | undefined => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** The Python of a virtual environment, as it says itself. */
export function environmentPython(folder: string): string | undefined {
  return /^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)/m.exec(readText(join(folder, 'pyvenv.cfg')) ?? '')?.[1];
}

/** What the environment was made from. */
function fingerprint(root: string): string | undefined {
  const parts = ['pyproject.toml', 'uv.lock'].map((name) => readText(join(root, name)));
  if (parts.includes(undefined)) return undefined;
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Notes in the environment what set-up made it from. */
export function markInStep(root: string, folder: string): void {
  const mark = fingerprint(root);
  if (mark !== undefined && existsSync(folder)) writeFileSync(join(folder, stampFile), `${mark}\n`);
}

/** Whether set-up made the environment from just this pyproject.toml and uv.lock. */
export function isInStep(root: string, folder: string): boolean {
  const mark = fingerprint(root);
  return mark !== undefined && readText(join(folder, stampFile))?.trim() === mark;
}

/** The distributions in an environment, by normalised name. */
function installedNames(folder: string): Set<string> {
  const names = sitePackages(folder).flatMap((site) => readdirSync(site));
  return new Set(
    names.flatMap((name) => {
      const match = /^(.+?)-[^-]+\.dist-info$/.exec(name);
      return match?.[1] === undefined ? [] : [match[1].toLowerCase().replace(/[-_.]+/g, '-')];
    }),
  );
}

function sitePackages(folder: string): string[] {
  const lib = join(folder, 'lib');
  const pythons = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name, 'site-packages')) : [];
  return [...pythons, join(folder, 'Lib', 'site-packages')].filter((site) => existsSync(site));
}

const projectTable = z.object({
  project: z.object({
    name: z.string(),
    'optional-dependencies': z.record(z.string(), z.array(z.string())).default({}),
  }),
});

/** Those of the extras that the project declares and the environment lacks packages of. */
export function missingExtras(root: string, folder: string, extras: readonly string[]): string[] {
  if (extras.length === 0) return [];
  const { project } = projectTable.parse(parse(readFileSync(join(root, 'pyproject.toml'), 'utf8')));
  const declared = project['optional-dependencies'];
  const installed = installedNames(folder);
  return extras.filter((extra) =>
    requirementsOfExtra(project.name, declared, extra).some((name) => !installed.has(name)),
  );
}
