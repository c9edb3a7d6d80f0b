import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openProject } from '../adapters/project.js';
import { loadTemplate } from '../adapters/source.js';
import { requireTemplateFolder } from '../adapters/template-folder.js';
import { folderStore } from '../adapters/template-store.js';
import { rememberTrustOf, requireTrust } from '../adapters/trust.js';
import type { Context } from '../context.js';
import { lintTemplate } from '../core/lint/lint.js';
import { parseSource } from '../core/source.js';
import { MlsysError } from '../errors.js';
import { errorStyle as style } from '../ui/style.js';
import { newCommand } from './new.js';
import { runTask } from './run.js';
import { setupProject } from './setup.js';

export interface BranchTestOptions {
  readonly with: readonly string[];
  readonly from?: string;
  readonly keep?: boolean;
  readonly trust?: boolean;
}

const checks = 'all-checks';

/**
 *     lint → a project in a temporary folder → set-up → its own checks → the folder is gone
 *
 * A person who tests a template in a folder means its code to run; one from a url needs their trust, as ever.
 */
export async function branchTest(ctx: Context, name: string, options: BranchTestOptions): Promise<number> {
  const source = options.from ?? requireTemplateFolder(ctx.cwd, 'go to one, or name one with --from');
  await lint(ctx, source);
  const work = realpathSync(mkdtempSync(join(tmpdir(), 'mlsys-branch-')));
  const clean = (): void => {
    if (!options.keep) rmSync(work, { recursive: true, force: true, maxRetries: 3 });
  };
  const forget = ctx.onInterrupt(clean);
  try {
    const root = await makeProject(ctx, join(work, `try-${name}`), source, [name, ...options.with]);
    const trusting = trustingContext(ctx, root, join(work, 'config'), options);
    const exitCode = await check(trusting, root, options);
    const outcome = exitCode === 0 ? style.green('passed') : style.red(`failed with exit code ${exitCode}`);
    ctx.log.info(`\n${style.bold([name, ...options.with].join(' + '))}: ${outcome}`);
    if (options.keep) ctx.log.info(`the project is kept in ${root}`);
    else if (exitCode !== 0) ctx.log.info('with --keep the project stays, to look at');
    return exitCode === 0 ? 0 : 1;
  } finally {
    forget();
    clean();
  }
}

async function lint(ctx: Context, source: string): Promise<void> {
  const spec = parseSource(source);
  const worked = spec.kind === 'folder' && spec.ref === undefined;
  // A manifest that can't be read is a fault among others here, and the end of loading.
  const store = worked
    ? folderStore(resolve(ctx.cwd, spec.path))
    : (await loadTemplate(ctx, source, { projectRoot: ctx.cwd, base: ctx.cwd })).store;
  const faults = lintTemplate(store, folderStore(ctx.packageRoot));
  if (faults.length === 0) return;
  throw new MlsysError('template', 'the template has faults, so nothing was rendered', {
    details: faults.map(({ file, line, message }) => `${file}:${line}: ${message}`),
    hint: 'repair them; `mlsys branch lint` lists them again',
  });
}

/** The same project that `mlsys new` would make, without its words. */
async function makeProject(ctx: Context, root: string, from: string, branch: readonly string[]): Promise<string> {
  const quiet: Context = { ...ctx, print: () => undefined, log: { ...ctx.log, info: () => undefined } };
  await newCommand(quiet, root, {
    branch,
    from,
    set: [],
    yes: true,
    setup: false,
    git: true,
    run: undefined,
    taskArgs: [],
    dryRun: false,
    json: false,
    trust: false,
  });
  return root;
}

/** The context in which the code of this one project may run. That a folder was tested is not remembered. */
function trustingContext(ctx: Context, root: string, configDir: string, { trust = false }: BranchTestOptions): Context {
  const { template } = openProject(root).lock;
  if (trust) rememberTrustOf(ctx, template, root);
  if (parseSource(template.source).kind !== 'folder') {
    requireTrust(ctx, template, root);
    return ctx;
  }
  const trusting = { ...ctx, configDir };
  rememberTrustOf(trusting, template, root);
  return trusting;
}

async function check(ctx: Context, root: string, { keep = false }: BranchTestOptions): Promise<number> {
  try {
    await setupProject(ctx, root);
    return await runTask(ctx, root, checks, []);
  } catch (error) {
    if (!(error instanceof MlsysError) || keep) throw error;
    const { code, message, details } = error;
    // Its own hint says how to go on in a folder that will be gone.
    throw new MlsysError(code, message, { details, cause: error, hint: 'with --keep the project stays, to look at' });
  }
}
