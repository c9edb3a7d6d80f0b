import { constants, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runGit } from '../adapters/git/run.js';
import { type Check, type Facts, type Finding, ok, outside, skip } from './check.js';

/** The variables that a `.env` gives a value, and that value. */
export function variablesOf(text: string): Map<string, string> {
  const lines = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    const value = match?.[2]?.replace(/^(["'])(.*?)\1.*$/, '$2').replace(/^#.*$/, '');
    return match?.[1] === undefined || value === undefined || value === '' ? [] : [[match[1], value]];
  });
  return new Map(lines);
}

export const dotenv: Check = {
  name: 'dotenv',
  title: '.env',
  run: async (facts): Promise<Finding> => {
    if (facts.root === undefined) return outside;
    const finding = judge(facts, facts.root);
    if (finding.status === 'fail' || !(await isTracked(facts))) return finding;
    return {
      status: 'warn',
      found: 'git tracks it, and secrets belong into no commit',
      fix: 'git rm --cached .env, commit, and change the secrets that were in it',
    };
  },
};

async function isTracked({ repository: open }: Facts): Promise<boolean> {
  const { value: repository } = await open();
  if (repository === undefined) return false;
  const { call, prefix } = repository;
  return (
    (await runGit(['ls-files', '--error-unmatch', '--', `${prefix}.env`], { ...call, accept: [1] })).exitCode === 0
  );
}

function judge({ ctx, manifest }: Facts, root: string): Finding {
  if (manifest.value === undefined) return skip('the project manifest can’t be read');
  const file = join(root, '.env');
  const example = join(root, '.env.example');
  const set = existsSync(file) ? variablesOf(readFileSync(file, 'utf8')) : new Map<string, string>();
  const required = manifest.value.env.filter((variable) => variable.required && variable.default === '');
  const missing = required.map(({ name }) => name).filter((name) => !set.has(name) && !ctx.env[name]);
  if (missing.length === 0) return ok(required.length === 0 ? 'nothing is required' : 'all required variables are set');
  const found = `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} required and not set`;
  const copies = !existsSync(file) && existsSync(example);
  if (!copies) return { status: 'fail', found, fix: `set ${missing.length === 1 ? 'it' : 'them'} in .env` };
  return {
    status: 'fail',
    found,
    fix: 'cp .env.example .env, then fill it in',
    apply: async () => copyFileSync(example, file, constants.COPYFILE_EXCL),
  };
}
