import { errorStyle as style, plural } from './style.js';

interface Created {
  readonly name: string;
  readonly folder: string;
  readonly files: number;
  /** Where the next commands are run, if not here. */
  readonly cd: string;
}

export function describeCreated({ name, folder, files, cd }: Created): string {
  const steps: [string, string][] = [
    ...(cd === ''
      ? []
      : [[`cd ${/^[\w./-]+$/.test(cd) ? cd : `'${cd.replaceAll("'", `'\\''`)}'`}`, ''] as [string, string]]),
    ['mlsys branch lint', 'every fault of the template, at once'],
    [`mlsys branch test ${name}`, 'make a project of it and run its checks'],
    [`mlsys branch dev ${name}`, 'a project to work in: edit, run and test there'],
  ];
  const width = Math.max(...steps.map(([command]) => command.length));
  return [
    `the branch ${style.bold(name)} is in ${folder} (${plural(files, 'file')})`,
    '',
    'Next:',
    ...steps.map(([command, why]) => `  ${why === '' ? command : `${command.padEnd(width)}  # ${why}`}`),
  ].join('\n');
}
