import type { Publication, PublishedBranch } from '../engine/publish.js';
import { errorStyle as style, plural } from './style.js';

export function publicationJson({ to, version, branches }: Publication, dryRun: boolean): string {
  const rows = branches.map(({ name, commit, ...rest }) => ({
    branch: name,
    ...rest,
    // A commit holds the time that it was made: that of a dry run is never pushed.
    ...(dryRun ? {} : { commit }),
  }));
  return JSON.stringify({ to, dryRun, version, upToDate: isCurrent(branches), branches: rows }, null, 2);
}

const isCurrent = (branches: readonly PublishedBranch[]): boolean =>
  branches.every(({ action }) => action === 'unchanged');

const looks = {
  create: { sign: '+', paint: style.green },
  update: { sign: '~', paint: style.yellow },
  unchanged: { sign: '=', paint: style.dim },
} as const;

export function describePublication({ to, version, branches }: Publication, dryRun: boolean): string {
  const width = Math.max(...branches.map(({ name }) => name.length));
  const rows = branches.map((branch) => {
    const { sign, paint } = looks[branch.action];
    return `${paint(`${sign} ${branch.name.padEnd(width)}`)}  ${style.dim(note(branch))}`;
  });
  return [`template ${version} to ${to}`, ...rows, '', summary(branches, to, dryRun)].join('\n');
}

function note({ action, files, merge }: PublishedBranch): string {
  if (action === 'create') return `new, ${plural(files, 'file')}`;
  if (action === 'unchanged') return 'unchanged';
  return `${plural(files, 'file')} changed${merge ? ', main merged' : ''}`;
}

function summary(branches: readonly PublishedBranch[], to: string, dryRun: boolean): string {
  if (isCurrent(branches)) return 'nothing to publish, every branch is as it should be';
  const count = plural(branches.filter(({ action }) => action !== 'unchanged').length, 'branch', 'branches');
  if (dryRun) return `nothing was written; this would push ${count}`;
  const example = branches.at(-1)?.name ?? '';
  return `${style.green('done:')} ${count} pushed. To start a project: git clone -b ${example} ${quoted(to)} my-project`;
}

const quoted = (text: string): string => (/^[\w./:@~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

export interface InitFacts {
  readonly name: string;
  readonly layers: readonly string[];
  readonly files: number;
  /** Where the template's branches can be fetched from by hand. */
  readonly upstream: boolean;
  readonly keptHistory: boolean;
}

export function describeInit({ name, layers, files, upstream, keptHistory }: InitFacts): string {
  const history = keptHistory ? 'one commit on top of the history of the clone' : 'a history of its own, on main';
  const remote = upstream ? ['the remote `upstream` is where it was cloned from; there is no `origin` yet'] : [];
  return [
    `${style.bold(name)}: ${layers.join(' + ')}, ${plural(files, 'file')}, ${history}`,
    ...remote.map((line) => style.dim(line)),
  ].join('\n');
}

export function describeInitNext(tasks: readonly string[], isSetUp: boolean): string {
  const steps = [
    ...(isSetUp ? [] : ['./mlsys setup          # make the Python environment']),
    ...(tasks.includes('demo') ? ['./mlsys run demo       # see it work'] : []),
    './mlsys run            # list every task',
    './mlsys sync           # later: take template updates',
  ];
  return ['', 'Next:', ...steps.map((step) => `  ${step}`)].join('\n');
}
