import { commitIdentity } from '../adapters/git/write.js';
import { treeOf, type WrittenFile, writeCommits } from '../adapters/git/objects.js';
import { gitText } from '../adapters/git/run.js';
import type { Context } from '../context.js';
import { oldBaseline } from '../engine/baseline.js';
import { goalOf } from '../engine/goal.js';
import { lookAtProject, type Session } from '../engine/session.js';

export interface DiffOptions {
  readonly upstream?: boolean;
  readonly to?: string;
  readonly json?: boolean;
}

/** What a project's people changed against its baseline or, with `upstream`, what a newer template changes. */
export async function diffCommand(ctx: Context, paths: readonly string[], options: DiffOptions): Promise<number> {
  return lookAtProject(ctx, async (session) => {
    const { call, prefix } = session.repository;
    const baseline = await baselineTree(ctx, session);
    const below = paths.length === 0 ? [`${prefix}.`] : paths.map((path) => prefix + path);
    const style = process.stdout.isTTY && !ctx.env.NO_COLOR ? ['--color=always'] : [];
    const against = options.upstream || options.to !== undefined ? [await upstreamTree(ctx, session, options.to)] : [];
    const form = options.json ? ['--name-status'] : ['--patch', ...style];
    const args = [
      'diff',
      ...form,
      '--no-ext-diff',
      baseline,
      ...against,
      '--',
      ...below,
      ':(exclude,top).mlsys/lock.json',
    ];
    const text = (await gitText(args, call)).trimEnd();
    if (options.json) ctx.print(JSON.stringify(text.split('\n').filter(Boolean).map(readStatus), null, 2));
    else if (text !== '') ctx.print(text);
    return 0;
  });
}

function readStatus(text: string): { status: string; path: string } {
  const [status = '', path = ''] = text.split('\t');
  return { status, path };
}

async function writeTree(
  ctx: Context,
  { repository }: Session,
  files: Iterable<readonly [string, WrittenFile]>,
): Promise<string> {
  const { call, prefix } = repository;
  const author = await commitIdentity(call);
  const prefixed = [...files].map(([path, file]) => [prefix + path, file] as const);
  const [commit = ''] = await writeCommits(call, [{ message: 'Template', parents: [], files: prefixed }], {
    author,
    date: ctx.now(),
  });
  return treeOf(call, commit);
}

async function baselineTree(ctx: Context, session: Session): Promise<string> {
  const { files } = await oldBaseline(ctx, session.project, session.repository, { twoWay: true });
  return writeTree(ctx, session, files);
}

async function upstreamTree(ctx: Context, session: Session, to: string | undefined): Promise<string> {
  const { goal } = await goalOf(ctx, session.project, { command: 'diff', to, follow: true, twoWay: true });
  const files = [...goal.rendered.baseline].map(([path, { bytes, mode }]): [string, WrittenFile] => [
    path,
    { mode, content: { bytes } },
  ]);
  return writeTree(ctx, session, files);
}
