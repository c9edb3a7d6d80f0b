import { dirname } from 'node:path';
import { hasVariables, packageName, projectName, spell } from '../trees.js';
import { gitSteps } from './floor.js';
import { tool } from './environment.js';

const questions = `_subdirectory: template
project_name:
  type: str
  default: ${projectName}
package_name:
  type: str
  default: ${packageName}
`;

export const copier = {
  name: 'copier',
  template: (tree) => {
    const files = [...tree].map(([path, text]) =>
      hasVariables(text)
        ? [`template/${path}.jinja`, spell(text, (name) => `{{ ${name} }}`)]
        : [`template/${path}`, text],
    );
    const answers = ['template/{{ _copier_conf.answers_file }}.jinja', '{{ _copier_answers|to_nice_yaml -}}\n'];
    return new Map([['copier.yml', questions], answers, ...files]);
  },
  create: ({ template, ref, target }) => {
    const version = ref === undefined ? [] : ['--vcs-ref', ref];
    const args = ['copy', '--quiet', '--defaults', ...version, template, target];
    return [{ command: tool('copier'), args, cwd: dirname(target) }, ...gitSteps(target)];
  },
  update: ({ project, ref }) => [
    { command: tool('copier'), args: ['update', '--quiet', '--defaults', '--vcs-ref', ref], cwd: project },
  ],
};
