import { findTemplateFolder } from '../adapters/template-folder.js';
import type { Context } from '../context.js';
import { builtinSource } from '../core/source.js';
import { publish } from '../engine/publish.js';
import { describePublication, publicationJson } from '../ui/publish.js';

export interface PublishOptions {
  readonly to: string;
  readonly from?: string;
  readonly dryRun: boolean;
  readonly json?: boolean;
}

/** Writes the branches of a template as git branches of a repository. */
export async function branchPublish(ctx: Context, options: PublishOptions): Promise<number> {
  const { to, dryRun, json = false } = options;
  const publication = await publish(ctx, { to, from: options.from ?? nearestTemplate(ctx), dryRun });
  if (json) ctx.print(publicationJson(publication, dryRun));
  else ctx.log.info(describePublication(publication, dryRun));
  return 0;
}

/** The template that this folder is in; mlsys' own source is the built-in one. */
function nearestTemplate(ctx: Context): string {
  const folder = findTemplateFolder(ctx.cwd);
  return folder === undefined || `${folder}/` === ctx.packageRoot || folder === ctx.packageRoot
    ? builtinSource
    : folder;
}
