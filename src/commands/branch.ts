import { loadTemplate } from '../adapters/source.js';
import type { Context } from '../context.js';
import { baseName, findBranch, type Layer, type Template } from '../core/layer.js';
import { togetherWith } from '../core/together.js';
import { renderBranch, renderBranches } from '../ui/branch.js';

interface BranchOptions {
  readonly from: string;
  readonly json?: boolean;
}

async function load(ctx: Context, { from }: BranchOptions): Promise<Template> {
  return (await loadTemplate(ctx, from, { projectRoot: ctx.cwd, base: ctx.cwd })).template;
}

export async function branchList(ctx: Context, options: BranchOptions): Promise<number> {
  const template = await load(ctx, options);
  const layers = [template.base, ...template.branches.values()];
  const rows = layers.map(({ manifest: { name, aliases, title, summary } }) => ({ name, aliases, title, summary }));
  ctx.print(options.json ? JSON.stringify(rows, null, 2) : renderBranches(rows));
  return 0;
}

export async function branchShow(ctx: Context, name: string, options: BranchOptions): Promise<number> {
  const template = await load(ctx, options);
  const layer: Layer = name === baseName ? template.base : findBranch(template, name);
  const files = [...layer.files.keys()].sort();
  const together = togetherWith([template.base, ...template.branches.values()], layer.manifest.name);
  ctx.print(
    options.json ? JSON.stringify({ ...layer.manifest, files, together }, null, 2) : renderBranch(layer, together),
  );
  return 0;
}
