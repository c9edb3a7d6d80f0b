import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import semver from 'semver';
import { isCached, loadTemplate } from '../adapters/source.js';
import { hasNetwork } from '../adapters/network.js';
import type { Context } from '../context.js';
import { parseSource } from '../core/source.js';
import { isCurrent } from '../engine/current.js';
import { goalOf } from '../engine/goal.js';
import type { Lock } from '../schema/lock.js';
import type { ProjectManifest } from '../schema/project.js';
import { remoteRefs } from './ask-git.js';
import { type Check, type Finding, ok, outside, skip } from './check.js';

const networkLimit = 500;
const fix = 'mlsys sync';

/** Whether the template is there, and newer. Neither is ever a fault of the project. */
export const template: Check = {
  name: 'template',
  title: 'template',
  run: async ({ ctx, root, lock, manifest }) => {
    if (root === undefined) return outside;
    if (lock.value === undefined || manifest.value === undefined) return skip('the lock or the manifest can’t be read');
    const quiet: Context = { ...ctx, interactive: false, log: { info: () => undefined, warn: () => undefined } };
    const project = { root, lock: lock.value, manifest: manifest.value };
    const { source, ref } = lock.value.template;
    const spec = parseSource(source);
    switch (spec.kind) {
      case 'builtin':
        return judgeBuiltin(quiet, project);
      case 'folder': {
        const folder = resolve(root, spec.path.replace(/^~(?=$|\/)/, ctx.home));
        if (existsSync(folder)) return compare(quiet, project);
        const move = 'bring it back, or name its new place: mlsys sync --from <folder or url>';
        return { status: 'warn', found: `${source} is not there`, fix: move };
      }
      case 'git':
        return judgeGit(quiet, root, { ...project.lock.template, url: spec.url, ref });
    }
  },
};

interface Project {
  readonly root: string;
  readonly lock: Lock;
  readonly manifest: ProjectManifest;
}

async function judgeBuiltin(ctx: Context, project: Project): Promise<Finding> {
  const { version } = project.lock.template;
  if (semver.valid(version) !== null && semver.gt(version, ctx.version)) {
    const found = `the project is on ${version}, this mlsys brings ${ctx.version}`;
    return { status: 'warn', found, fix: 'npm install -g mlsys@latest' };
  }
  return compare(ctx, project);
}

/** Renders what a sync would go to: no network, and nothing is merged. */
async function compare(ctx: Context, project: Project): Promise<Finding> {
  const { goal } = await goalOf(ctx, project, { command: 'sync', follow: true, twoWay: true });
  const [from, to] = [project.lock.template.version, goal.ref.version];
  return isCurrent(project.lock, goal, ctx.version) ? ok(`up to date, ${to}`) : update(from, to);
}

const update = (from: string, to: string): Finding => ({
  status: 'warn',
  found: from === to ? `an update is there: ${to} renders other files now` : `an update is there: ${from} → ${to}`,
  fix,
});

type GitSource = Lock['template'] & { readonly url: string; readonly ref: string | undefined };

interface Version {
  readonly commit: string | undefined;
  readonly name: string;
}

/** The server has half a second; where it needs longer, the copy in the cache says what it knows. */
async function judgeGit(
  ctx: Context,
  root: string,
  { url, source, ref, version, commit }: GitSource,
): Promise<Finding> {
  const judge = (newest: Version, note = ''): Finding =>
    newest.commit === commit ? ok(`up to date${note}, ${version}`) : update(version, newest.name);
  const branches = ref === undefined ? [] : [ref];
  // A connection over ssh takes longer than there is time, and may ask for a passphrase.
  const isAsked = url.startsWith('file:') || (/^https:/.test(url) && hasNetwork());
  const question = { cwd: ctx.home, env: ctx.env, limit: networkLimit };
  const remote = isAsked ? remoteRefs(question, url, branches) : undefined;
  const [answer, known] = await Promise.all([remote, cached(ctx, root, { url, ref })]);
  const newest = answer?.refs && newestOf(answer.refs, ref);
  if (newest !== undefined) return judge(newest);
  if (answer !== undefined && !answer.timedOut) {
    const found = `${source} can't be reached: ${answer.reason ?? 'it has no commit'}`;
    return {
      status: 'warn',
      found,
      fix: `check the address and your access to it${known ? '; the cache has a copy' : ''}`,
    };
  }
  if (known !== undefined) return judge(known, ' with its copy in the cache');
  return skip(answer === undefined ? 'the server was not asked' : 'the server did not answer at once');
}

async function cached(
  ctx: Context,
  root: string,
  { url, ref }: Pick<GitSource, 'url' | 'ref'>,
): Promise<Version | undefined> {
  if (!isCached(ctx, url)) return undefined;
  const source = ref === undefined ? url : `${url}#${ref}`;
  const loaded = await loadTemplate(ctx, source, { projectRoot: root, base: root, follow: true, refresh: false });
  return { commit: loaded.ref.commit, name: loaded.ref.version };
}

/** What a sync would go to: the branch that the project follows, else the newest release, else the default branch. */
export function newestOf(refs: ReadonlyMap<string, string>, ref: string | undefined): Version | undefined {
  const tags = [...refs.keys()].flatMap((name) => /^refs\/tags\/(.*)$/.exec(name)?.[1] ?? []);
  const [release] = tags
    .filter((tag) => semver.valid(tag) !== null && semver.prerelease(tag) === null)
    .sort(semver.rcompare);
  const candidates = [
    ...(ref === undefined ? [] : [{ at: `refs/heads/${ref}`, name: ref }]),
    ...(release === undefined ? [] : [{ at: `refs/tags/${release}`, name: release }]),
    { at: 'HEAD', name: 'its newest commit' },
  ];
  const found = candidates.find(({ at }) => refs.has(at));
  return found === undefined ? undefined : { commit: refs.get(found.at), name: found.name };
}
