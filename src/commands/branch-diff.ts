import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCommits } from '../adapters/git/objects.js';
import { type GitCall, gitItems, gitText, runGit } from '../adapters/git/run.js';
import { loadTemplate } from '../adapters/source.js';
import { findTemplateFolder } from '../adapters/template-folder.js';
import type { Context } from '../context.js';
import { compareRendered } from '../core/branch-diff.js';
import { baseName, findBranch, type Template } from '../core/layer.js';
import { projectNames } from '../core/names.js';
import { type Rendered, renderTarget } from '../core/project.js';
import { builtinSource } from '../core/source.js';
import { describeBranchDiff, type LineCounts } from '../ui/branch-diff.js';

export interface BranchDiffOptions {
  readonly from?: string;
  readonly json?: boolean;
  /** Show the differing lines, too. */
  readonly patch?: boolean;
}

/** What differs between two branches of a template, each rendered with the default of every question. */
export async function branchDiff(ctx: Context, a: string, b: string, options: BranchDiffOptions): Promise<number> {
  const source = options.from ?? findTemplateFolder(ctx.cwd) ?? builtinSource;
  const { template } = await loadTemplate(ctx, source, { projectRoot: ctx.cwd, base: ctx.cwd });
  const [from, to] = [canonical(template, a), canonical(template, b)];
  const [before, after] = [render(template, from), render(template, to)];
  const difference = compareRendered(before, after);
  if (options.json) {
    ctx.print(JSON.stringify({ from, to, ...difference }, null, 2));
    return 0;
  }
  await withTrees(ctx, [before, after], async (call, trees) => {
    ctx.print(describeBranchDiff(difference, { from, to, counts: await lineCounts(call, trees) }));
    if (!options.patch) return;
    const colour = process.stdout.isTTY && !ctx.env.NO_COLOR ? ['--color=always'] : [];
    ctx.print(`\n${await gitText(['diff', '--patch', '--no-ext-diff', ...colour, ...trees], call)}`);
  });
  return 0;
}

const canonical = (template: Template, name: string): string =>
  name === baseName ? name : findBranch(template, name).manifest.name;

/** Names of nobody's project, so that they do not differ. */
const render = (template: Template, name: string): Rendered =>
  renderTarget({
    template,
    branches: name === baseName ? [] : [name],
    names: projectNames('some-project'),
    given: new Map(),
  });

/** Gives both trees to git, in a repository that is gone afterwards. */
async function withTrees(
  ctx: Context,
  sides: readonly Rendered[],
  work: (call: GitCall, trees: readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mlsys-diff-'));
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  const forget = ctx.onInterrupt(clean);
  try {
    const call = { cwd: folder, env: ctx.env };
    await runGit(['init', '--quiet', '--bare', '--template='], call);
    const commits = sides.map(({ baseline }) => ({
      message: 'Branch',
      parents: [],
      files: [...baseline].map(([path, { bytes, mode }]) => [path, { mode, content: { bytes } }] as const),
    }));
    const author = { name: 'mlsys', email: 'mlsys@localhost' };
    await work(call, await writeCommits(call, commits, { author, date: ctx.now() }));
  } finally {
    forget();
    clean();
  }
}

async function lineCounts(call: GitCall, trees: readonly string[]): Promise<LineCounts> {
  const items = await gitItems(['diff', '--numstat', '--no-renames', '-z', ...trees], call);
  return new Map(
    items.flatMap((item) => {
      const [added = '', removed = '', path = ''] = item.split('\t');
      // Git counts no lines in what is not text.
      return added === '-' ? [] : [[path, { added: Number(added), removed: Number(removed) }] as const];
    }),
  );
}
