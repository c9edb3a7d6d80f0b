import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasVariables, spell } from '../trees.js';

const launcher = fileURLToPath(new URL('../../../bin/mlsys.js', import.meta.url));

/** @returns {import('../measure.js').Step} */
export const mlsysStep = (cwd, args, accept = [0]) => ({
  command: process.execPath,
  args: [launcher, ...args],
  cwd,
  accept,
});

export const mlsys = {
  name: 'mlsys',
  template: (tree) => {
    const files = [...tree].map(([path, text]) =>
      hasVariables(text)
        ? [`templates/base/files/${path}.hbs`, spell(text, (name) => `{{${name}}}`)]
        : [`templates/base/files/${path}`, text],
    );
    const manifest = 'name: main\ntitle: Bench\nsummary: A tree to measure with\n';
    return new Map([['templates/base/layer.yaml', manifest], ...files]);
  },
  create: ({ template, ref, target }) => {
    const source = ref === undefined ? template : `${template}#${ref}`;
    return [mlsysStep(dirname(target), ['new', basename(target), '--from', source, '--yes', '--no-setup'])];
  },
  // One file is in conflict, so 1 is the right answer.
  update: ({ project, ref }) => [mlsysStep(project, ['sync', '--to', ref], [1])],
};
