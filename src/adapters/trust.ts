import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Context } from '../context.js';
import { builtinSource, parseSource, withoutCredentials } from '../core/source.js';
import { MlsysError } from '../errors.js';
import type { TemplateRef } from '../schema/lock.js';

const trustFile = z.object({
  trusted: z.array(
    z.object({
      /** A url without credentials, or an absolute folder. */
      source: z.string(),
      /** None stands for a folder that is worked in: it has no commit to name. */
      commit: z.string().optional(),
    }),
  ),
});
type Trusted = z.infer<typeof trustFile>['trusted'];

const pathOf = (ctx: Context): string => join(ctx.configDir, 'trust.json');

/** A file that can't be read trusts nothing. */
function readTrusted(ctx: Context): Trusted {
  try {
    return trustFile.parse(JSON.parse(readFileSync(pathOf(ctx), 'utf8'))).trusted;
  } catch {
    return [];
  }
}

/** A source as it is remembered; a folder of the lock is relative to its project. */
function nameOf(source: string, base: string): string {
  const spec = parseSource(source);
  if (spec.kind === 'git') return withoutCredentials(spec.url);
  return spec.kind === 'builtin' ? builtinSource : realFolder(resolve(base, spec.path));
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}

/** Refuses to run code of a template that the person has not said they trust. */
export function requireTrust(ctx: Context, ref: TemplateRef, projectRoot: string): void {
  const source = nameOf(ref.source, projectRoot);
  if (source === builtinSource) return;
  if (readTrusted(ctx).some((entry) => entry.source === source && entry.commit === ref.commit)) return;
  const at = ref.commit === undefined ? '' : ` at ${ref.commit.slice(0, 12)}`;
  throw new MlsysError('trust', `the template ${source}${at} is not trusted, and set-up and tasks run its code`, {
    hint: 'look through the project, then run the command once with --trust',
  });
}

/** Remembers that this person trusts a template at one commit. `origin`: `builtin`, a url or an absolute folder. */
export function rememberTrust(ctx: Context, ref: TemplateRef, origin: string): void {
  const source = nameOf(origin, ctx.cwd);
  const entry = ref.commit === undefined ? { source } : { source, commit: ref.commit };
  const before = readTrusted(ctx);
  if (source === builtinSource || before.some((e) => e.source === source && e.commit === ref.commit)) return;
  const path = pathOf(ctx);
  const staging = `${path}.${process.pid}`;
  mkdirSync(ctx.configDir, { recursive: true });
  try {
    writeFileSync(staging, `${JSON.stringify({ trusted: [...before, entry] }, null, 2)}\n`, { mode: 0o600 });
    renameSync(staging, path);
  } catch (error) {
    rmSync(staging, { force: true });
    throw error;
  }
}

/** The same for the template of a project that is there, as its lock names it. */
export const rememberTrustOf = (ctx: Context, ref: TemplateRef, projectRoot: string): void =>
  rememberTrust(ctx, ref, nameOf(ref.source, projectRoot));
