import { dirname } from 'node:path';
import { packageName, projectName, spell } from '../trees.js';
import { gitSteps } from './floor.js';
import { tool } from './environment.js';

const root = '{{cookiecutter.project_name}}';

export const cruft = {
  name: 'cruft',
  template: (tree) => {
    const files = [...tree].map(([path, text]) => [
      `${root}/${path}`,
      spell(text, (name) => `{{ cookiecutter.${name} }}`),
    ]);
    // Cookiecutter renders whatever it is not told to leave alone. To the other tools the ending of a name says it.
    const context = { project_name: projectName, package_name: packageName, _copy_without_render: ['*/module_*'] };
    return new Map([['cookiecutter.json', JSON.stringify(context)], ...files]);
  },
  create: ({ template, ref, target }) => {
    const version = ref === undefined ? [] : ['--checkout', ref];
    const args = ['create', template, '--no-input', ...version, '--output-dir', dirname(target)];
    return [{ command: tool('cruft'), args, cwd: dirname(target) }, ...gitSteps(target)];
  },
  update: ({ project, ref }) => [
    { command: tool('cruft'), args: ['update', '--skip-apply-ask', '--checkout', ref], cwd: project },
  ],
};
