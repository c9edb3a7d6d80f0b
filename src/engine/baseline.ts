import type { Project } from '../adapters/project.js';
import { missingObjects, type WrittenFile } from '../adapters/git/objects.js';
import type { Repository } from '../adapters/git/repository.js';
import { loadTemplate } from '../adapters/source.js';
import type { Context } from '../context.js';
import { type Baseline, renderTarget } from '../core/project.js';
import { projectNames } from '../core/names.js';
import { blobId, type TreeEntry } from '../core/tree.js';
import { MlsysError } from '../errors.js';
import type { Lock } from '../schema/lock.js';
import { plural } from '../ui/style.js';

/** The tree that the lock names, each file by an object that git has or by its bytes. */
export interface OldBaseline {
  readonly files: ReadonlyMap<string, TreeEntry & WrittenFile>;
  /** Files whose baseline is nowhere to be found. */
  readonly lost: readonly string[];
}

export interface BaselineOptions {
  /** Merge files whose baseline is lost as if both sides had added them. */
  readonly twoWay: boolean;
}

/** Renders what a lock says, from the same version of the same template. */
export async function renderLocked(ctx: Context, root: string, lock: Lock): Promise<Baseline> {
  const { source, ref, commit, version } = lock.template;
  const { template } = await loadTemplate(ctx, ref === undefined ? source : `${source}#${ref}`, {
    projectRoot: root,
    base: root,
    commit,
    version,
    refresh: false,
  });
  const { project_name, package_name, ...former } = lock.answers;
  const names = projectNames(String(project_name), String(package_name));
  return renderTarget({ template, branches: lock.branches, names, given: new Map(), former }).baseline;
}

/**
 * The lock's blobs are in the repository's history, as a rule. Those that aren't are rendered again, and must come out as
 * the lock says.
 */
export async function oldBaseline(
  ctx: Context,
  project: Project,
  { call }: Repository,
  { twoWay }: BaselineOptions,
): Promise<OldBaseline> {
  const { lock, root } = project;
  const entries = Object.entries(lock.files);
  const missing = await missingObjects(
    call,
    entries.map(([, { blob }]) => blob),
  );
  const again = missing.size === 0 ? new Map<string, Uint8Array>() : await renderedBlobs(ctx, root, lock);
  const files = new Map<string, TreeEntry & WrittenFile>();
  const lost: string[] = [];
  for (const [path, { blob, mode }] of entries) {
    const bytes = again.get(blob);
    if (!missing.has(blob)) files.set(path, { blob, mode, content: { blob } });
    else if (bytes !== undefined) files.set(path, { blob, mode, content: { bytes } });
    else lost.push(path);
  }
  if (lost.length > 0 && !twoWay) {
    throw new MlsysError(
      'lock',
      `the template's former version of ${plural(lost.length, 'file')} is nowhere to be found`,
      {
        details: [...lost.slice(0, 20), ...(lost.length > 20 ? [`and ${lost.length - 20} more`] : [])],
        hint: 'fetch the whole history (git fetch --unshallow), or merge these files without it: --two-way shows each difference as a conflict',
      },
    );
  }
  return { files, lost };
}

async function renderedBlobs(ctx: Context, root: string, lock: Lock): Promise<Map<string, Uint8Array>> {
  try {
    const baseline = await renderLocked(ctx, root, lock);
    return new Map([...baseline.values()].map(({ bytes }) => [blobId(bytes), bytes]));
  } catch (error) {
    if (!(error instanceof MlsysError)) throw error;
    ctx.log.warn(`version ${lock.template.version} of the template can't be rendered again: ${error.message}`);
    return new Map();
  }
}
