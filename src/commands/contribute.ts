import { realpathSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { checkBranchName, writeBranch, writeInPlace } from '../adapters/contribution.js';
import { gitText } from '../adapters/git/run.js';
import type { Context } from '../context.js';
import type { Contribution } from '../core/contribute/contribution.js';
import { sourceFiles } from '../core/contribute/verify.js';
import { MlsysError } from '../errors.js';
import { planContribution, type TemplateTarget, templateTarget } from '../engine/contribute.js';
import { lookAtProject } from '../engine/session.js';
import type { Lock } from '../schema/lock.js';
import { type ContributionFacts, contributionJson, describeContribution } from '../ui/contribute.js';

export interface ContributeOptions {
  readonly to?: string;
  readonly branch?: string;
  readonly title?: string;
  readonly layer?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Brings what the project changed back into the source files of its template. The project itself is only read. */
export async function contributeCommand(
  ctx: Context,
  paths: readonly string[],
  options: ContributeOptions,
): Promise<number> {
  return lookAtProject(ctx, async (session) => {
    const { project } = session;
    const target = await templateTarget(ctx, project, options.to);
    if (options.branch !== undefined) await checkBranchName(target.call, options.branch);
    const named = namedPaths(ctx, project.root, paths);
    const plan = await planContribution(ctx, session, { target, named, layer: options.layer });
    const isEmpty = plan.contributions.length === 0;
    const written =
      isEmpty || options.dryRun ? undefined : await write(ctx, target, project.lock, plan.contributions, options);
    const facts: ContributionFacts = {
      ...plan,
      to: target.root,
      inPlace: target.head === undefined,
      remote: target.head === undefined ? undefined : await remoteOf(target),
      dryRun: options.dryRun ?? false,
      written,
    };
    if (options.json) ctx.print(contributionJson(facts));
    else ctx.log.info(describeContribution(facts));
    return isEmpty && plan.leftOut.length > 0 ? 1 : 0;
  });
}

/** Paths as the project has them, whatever folder they were typed in. */
function namedPaths(ctx: Context, root: string, paths: readonly string[]): string[] {
  return paths.map((path) => {
    const below = relative(realpathSync(root), resolve(realpathSync(ctx.cwd), path))
      .split(sep)
      .join('/');
    if (below === '..' || below.startsWith('../')) {
      throw new MlsysError('usage', `${path} is outside of the project`, { hint: `the project is ${root}` });
    }
    return below;
  });
}

async function write(
  ctx: Context,
  target: TemplateTarget,
  lock: Lock,
  contributions: readonly Contribution[],
  { branch, title }: ContributeOptions,
) {
  const files = sourceFiles(contributions);
  if (target.head === undefined) {
    writeInPlace(target.root, files);
    return undefined;
  }
  const project = String(lock.answers.project_name);
  const slug = project.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return writeBranch(target.call, {
    parent: target.head,
    files,
    date: ctx.now(),
    message: messageOf(title ?? `Take changes from ${project}`, contributions),
    name: (id) => branch ?? `contribute/${slug}-${id}`,
  });
}

function messageOf(title: string, contributions: readonly Contribution[]): string {
  const rows = contributions.map(({ action, source }) => `${action} ${source}`);
  return `${title}\n\n${rows.join('\n')}\n`;
}

async function remoteOf({ call }: TemplateTarget): Promise<string | undefined> {
  const remotes = (await gitText(['remote'], call)).split('\n').filter((name) => name !== '');
  return remotes.includes('origin') ? 'origin' : remotes[0];
}
