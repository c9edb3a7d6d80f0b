import type { Contribution, ContributionAction, LeftOut } from '../core/contribute/contribution.js';
import { errorStyle as style, plural } from './style.js';

export interface ContributionFacts {
  readonly to: string;
  readonly contributions: readonly Contribution[];
  readonly leftOut: readonly LeftOut[];
  /** Whether the template is a folder without git. */
  readonly inPlace: boolean;
  readonly remote: string | undefined;
  readonly dryRun: boolean;
  /** The branch, where one was made. */
  readonly written: { readonly name: string; readonly commit: string; readonly wasThere: boolean } | undefined;
}

export function contributionJson({ to, contributions, leftOut, inPlace, dryRun, written }: ContributionFacts): string {
  const entries = contributions.map(({ path, action, layer, source, former, note }) => ({
    path,
    action,
    layer,
    source,
    former,
    note,
  }));
  const { name, commit } = written ?? {};
  return JSON.stringify({ to, dryRun, inPlace, branch: name, commit, entries, leftOut }, null, 2);
}

const looks: Record<ContributionAction, { readonly sign: string; readonly paint: (text: string) => string }> = {
  create: { sign: '+', paint: style.green },
  update: { sign: '~', paint: style.yellow },
  move: { sign: '>', paint: style.cyan },
  delete: { sign: '-', paint: style.red },
};

export function describeContribution(facts: ContributionFacts): string {
  const { contributions, leftOut, to } = facts;
  if (contributions.length === 0 && leftOut.length === 0) return 'nothing to contribute: the template has it all';
  return [
    ...layerRows(contributions),
    ...leftOutRows(leftOut),
    '',
    ...(contributions.length === 0 ? [`nothing can be brought back to ${to}`] : outcome(facts)),
  ].join('\n');
}

function layerRows(contributions: readonly Contribution[]): string[] {
  const layers = [...new Set(contributions.map(({ layer }) => layer))];
  return layers.flatMap((layer) => [style.bold(layer), ...contributions.filter((one) => one.layer === layer).map(row)]);
}

function row({ action, source, former, note }: Contribution): string {
  const { sign, paint } = looks[action];
  const notes = [...(former === undefined ? [] : [`from ${former}`]), ...(note === undefined ? [] : [note])];
  return `  ${paint(`${sign} ${source}`)}${notes.length === 0 ? '' : `  ${style.dim(notes.join('; '))}`}`;
}

function leftOutRows(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return [];
  const rows = leftOut.map(
    ({ path, line, reason }) =>
      `  ${style.yellow(`! ${path}${line === undefined ? '' : `:${line}`}`)}  ${style.dim(reason)}`,
  );
  return [style.bold('left out'), ...rows];
}

function outcome({ to, contributions, inPlace, remote, dryRun, written }: ContributionFacts): string[] {
  const files = plural(contributions.length, 'file');
  if (dryRun) return [`nothing was written; this would change ${files} in ${to}`];
  if (written === undefined) {
    return inPlace ? [`${style.green('done:')} ${files} changed in ${to}, which is a folder without git`] : [];
  }
  const { name, commit, wasThere } = written;
  const said = wasThere
    ? `the branch ${name} has this already`
    : `${style.green('done:')} ${files} on the branch ${name} (${commit.slice(0, 12)})`;
  const at = `git -C ${quoted(to)}`;
  return [
    said,
    '',
    'Next:',
    `  ${at} show ${name}`,
    remote === undefined ? `  ${at} merge ${name}` : `  ${at} push -u ${remote} ${name}   # then open a pull request`,
  ];
}

const quoted = (text: string): string => (/^[\w./:@~-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
