import { readCarried } from '../adapters/carried.js';
import { runGit } from '../adapters/git/run.js';
import type { LoadedTemplate } from '../adapters/source.js';
import { folderStore } from '../adapters/template-store.js';
import type { Context } from '../context.js';
import { baseName, type Template } from '../core/layer.js';
import { projectNames } from '../core/names.js';
import { lockOf, lockText, renderTarget } from '../core/project.js';
import { launcherPath, publishedName, publishedProject } from '../core/publish.js';
import { builtinSource, parseSource, withoutCredentials } from '../core/source.js';
import { baseFolder } from '../core/store.js';
import type { TreeFile } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import { lockPath, type TemplateRef } from '../schema/lock.js';

/** The template as the lock of a clone names it, on whatever machine that is. */
export async function publicRef(ctx: Context, { ref, origin }: LoadedTemplate): Promise<TemplateRef> {
  if (origin === builtinSource || parseSource(origin).kind === 'git') return ref;
  if (ref.commit === undefined) {
    throw new MlsysError('template', `${origin} is not all in a commit, so nobody else could render what it renders`, {
      hint: 'commit the template first',
    });
  }
  const { stdout } = await runGit(['config', '--get', 'remote.origin.url'], { cwd: origin, env: ctx.env, accept: [1] });
  const url = stdout.toString().trim();
  if (url !== '' && parseSource(url).kind === 'git') return { ...ref, source: withoutCredentials(url) };
  ctx.log.warn(`the template has no address, so projects made from these branches look for it in ${origin}`);
  return { ...ref, source: `file://${origin}` };
}

interface RenderedBranch {
  readonly name: string;
  readonly layer: string;
  readonly files: ReadonlyMap<string, TreeFile>;
}

export interface RenderedTrees {
  readonly carried: ReadonlyMap<string, TreeFile>;
  readonly branches: readonly RenderedBranch[];
}

/** Every branch of a template as a project with neutral names, each with its lock and a launcher. */
export function renderBranches(ctx: Context, { template, store }: LoadedTemplate, ref: TemplateRef): RenderedTrees {
  const own = folderStore(ctx.packageRoot).tree(`${baseFolder}/files`).get(launcherPath);
  const branches = layersOf(template).map(({ layer, name }): RenderedBranch => {
    const rendered = renderTarget({
      template,
      branches: layer === baseName ? [] : [layer],
      names: projectNames(publishedProject),
      given: new Map(),
    });
    const lock: TreeFile = { bytes: Buffer.from(lockText(lockOf(rendered, ref, ctx.version))), mode: '100644' };
    // A base of its own may have no launcher; a published branch needs one.
    const launcher: [string, TreeFile][] = own === undefined ? [] : [[launcherPath, { ...own, mode: '100755' }]];
    return { name, layer, files: new Map([...launcher, ...rendered.baseline, [lockPath, lock]]) };
  });
  return { carried: readCarried(ctx, store), branches };
}

function layersOf(template: Template): { layer: string; name: string }[] {
  const layers = [...template.branches.values()].map(({ manifest }) => ({
    layer: manifest.name,
    name: publishedName(manifest),
  }));
  return [{ layer: baseName, name: baseName }, ...layers];
}
