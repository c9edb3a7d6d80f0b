import { realpathSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { commitIdentity } from '../adapters/git/write.js';
import { type WrittenFile, writeTree } from '../adapters/git/objects.js';
import { gitItems, gitText } from '../adapters/git/run.js';
import type { Context } from '../context.js';
import { uvLockPath } from '../core/drift.js';
import { carriedFolder } from '../core/publish.js';
import { oldBaseline } from '../engine/baseline.js';
import { goalOf } from '../engine/goal.js';
import { lookAtProject, type Session } from '../engine/session.js';
import { lockPath } from '../schema/lock.js';

export interface DiffOptions {
  readonly upstream?: boolean;
  readonly to?: string;
  readonly json?: boolean;
}

/** What a project's people changed against its baseline or, with `upstream`, what a newer template changes. */
export async function diffCommand(ctx: Context, paths: readonly string[], options: DiffOptions): Promise<number> {
  return lookAtProject(ctx, async (session) => {
    const { call, prefix, top } = session.repository;
    const baseline = await baselineTree(ctx, session);
    const project = join(top, prefix);
    const below = paths.length === 0 ? [project] : paths.map((path) => resolve(realpathSync(ctx.cwd), path));
    const style = process.stdout.isTTY && !ctx.env.NO_COLOR ? ['--color=always'] : [];
    const against = options.upstream || options.to !== undefined ? [await upstreamTree(ctx, session, options.to)] : [];
    const form = options.json ? ['--name-status', '--no-renames', '-z'] : ['--patch', ...style];
    const args = [
      'diff',
      ...form,
      '--no-ext-diff',
      '--no-textconv',
      baseline,
      ...against,
      '--',
      ...below.map((path) => `:(top,literal)${relative(top, path).split(sep).join('/')}`),
      ...ownFiles.map((path) => `:(top,exclude,literal)${prefix}${path}`),
    ];
    if (options.json) ctx.print(JSON.stringify(statuses(await gitItems(args, call), prefix), null, 2));
    else {
      const text = await gitText(args, call);
      if (text !== '') ctx.print(text);
    }
    return 0;
  });
}

/** Files of a project that are on no baseline. */
const ownFiles = [lockPath, uvLockPath, carriedFolder];

function statuses(items: readonly string[], prefix: string): { status: string; path: string }[] {
  const found: { status: string; path: string }[] = [];
  for (let i = 0; i + 1 < items.length; i += 2) {
    found.push({ status: items[i] ?? '', path: (items[i + 1] ?? '').slice(prefix.length) });
  }
  return found;
}

async function treeFor(
  ctx: Context,
  { repository }: Session,
  files: Iterable<readonly [string, WrittenFile]>,
): Promise<string> {
  const { call, prefix } = repository;
  const author = await commitIdentity(call);
  const prefixed = [...files].map(([path, file]) => [prefix + path, file] as const);
  return writeTree(call, { files: prefixed }, { author, date: ctx.now() });
}

async function baselineTree(ctx: Context, session: Session): Promise<string> {
  const { files } = await oldBaseline(ctx, session.project, session.repository, { twoWay: true });
  return treeFor(ctx, session, files);
}

async function upstreamTree(ctx: Context, session: Session, to: string | undefined): Promise<string> {
  const { goal } = await goalOf(ctx, session.project, { command: 'diff', to, follow: true, twoWay: true });
  const files = [...goal.rendered.baseline].map(([path, { bytes, mode }]): [string, WrittenFile] => [
    path,
    { mode, content: { bytes } },
  ]);
  return treeFor(ctx, session, files);
}
