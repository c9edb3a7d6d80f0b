import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Makes a folder a repository with one commit, as a person would. */
export const gitSteps = (folder) =>
  [
    ['init', '--quiet'],
    ['add', '--all'],
    ['commit', '--quiet', '--message', 'Start'],
  ].map((args) => ({ command: 'git', args, cwd: folder }));

const writer = fileURLToPath(new URL('write-files.js', import.meta.url));

/** The least that a tool must do which does not know git's inside: nothing is rendered, all files come from one. */
export const floor = {
  name: 'floor',
  template: (tree) => new Map([['files.json', JSON.stringify([...tree])]]),
  create: ({ template, target }) => [
    { command: process.execPath, args: [writer, `${template}/files.json`, target], cwd: dirname(target) },
    ...gitSteps(target),
  ],
};
