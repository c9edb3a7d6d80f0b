import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hooksFolder } from './ask-git.js';
import { type Check, noRepository, ok, outside, place, skip } from './check.js';

const configuration = '.pre-commit-config.yaml';

/** Nothing installs the hook unasked: it would run the project's code at each commit. */
export const hooks: Check = {
  name: 'hooks',
  title: 'git hooks',
  run: async (facts) => {
    const { root } = facts;
    if (root === undefined) return outside;
    if (!existsSync(join(root, configuration))) return skip(`there is no ${configuration}`);
    const { value: repository } = await facts.repository();
    if (repository === undefined) return noRepository;
    if (repository.prefix !== '') return skip('they belong to the repository around the project');
    const folder = await hooksFolder({ ...place(facts), cwd: root });
    if (folder === undefined) return skip('git gave no answer');
    if (existsSync(join(folder, 'pre-commit'))) return ok('pre-commit');
    const found = `${configuration} is there, and no hook runs it`;
    return { status: 'warn', found, fix: 'uvx pre-commit install' };
  },
};
