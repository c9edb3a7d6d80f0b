import type { CommandSpec, OptionSpec } from '../core/command-spec.js';
import { topics } from './help.js';

/** The manual page of section 1, in the language of troff. */
export function manPage(root: CommandSpec, version: string): string {
  const shown = root.commands.filter(({ hidden }) => !hidden);
  return [
    `.TH MLSYS 1 "" "mlsys ${version}" "User commands"`,
    '.SH NAME',
    `mlsys \\- ${text('create machine-learning projects from branches, and keep them in step with their template')}`,
    '.SH SYNOPSIS',
    '.B mlsys',
    text('<command> [<arguments>]'),
    '.br',
    '.B mlsys',
    text('<task> [-- <arguments>]'),
    '.SH DESCRIPTION',
    text(`${root.description}. A word that is no command is a task of the project.`),
    '.SH COMMANDS',
    ...shown.flatMap((command) => section(command)),
    '.SH TOPICS',
    text('The same pages as those of mlsys help <topic>.'),
    ...Object.entries(topics).flatMap(([name, topic]) => [
      `.SS ${text(name)}`,
      '.nf',
      ...topic.text.trim().split('\n').map(text),
      '.fi',
    ]),
    '.SH EXIT STATUS',
    ...listed('0', 'done'),
    ...listed('1', 'something that the person can put right: bad input, conflicts, what --check found'),
    ...listed('2', 'a bug in mlsys'),
    text('mlsys run gives the exit status of the task.'),
    '.SH FILES',
    ...listed('.mlsys/lock.json', 'what the project was rendered from; commit it'),
    ...listed('~/.config/mlsys/trust.json', 'the templates that this person trusts'),
    ...listed('~/.cache/mlsys', 'templates that were fetched; can be deleted at any time'),
    '.SH SEE ALSO',
    text('git(1), uv(1)'),
  ].join('\n');
}

function section(command: CommandSpec): string[] {
  const parts = command.commands.filter(({ hidden }) => !hidden);
  if (parts.length > 0) return parts.flatMap(section);
  const given = command.arguments.filter(({ help }) => help !== '');
  return [
    `.SS ${text(command.usage)}`,
    text(command.description),
    ...given.flatMap(({ name, help }) => listed(name, help)),
    ...command.options.filter(({ names }) => !names.includes('--help')).flatMap(option),
  ];
}

const option = ({ flags, help }: OptionSpec): string[] => listed(flags, help);
const listed = (term: string, words: string): string[] => ['.TP', `.B ${text(term)}`, text(words)];

/** Text that troff prints as it stands. */
const text = (words: string): string =>
  words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^[.']/, (first) => `\\&${first}`);
