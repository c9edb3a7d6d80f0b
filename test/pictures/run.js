// Draws the pictures of the README from what the built mlsys really prints: `npm run pictures`.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawTerminal } from './terminal.js';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const images = join(repository, '.github', 'images');
const root = realpathSync(mkdtempSync(join(tmpdir(), 'mlsys-pictures-')));
const template = join(root, 'our-template');
const project = join(root, 'churn');
const config = join(root, 'gitconfig');
writeFileSync(config, '[user]\n\tname = Pictures\n\temail = pictures@localhost\n[init]\n\tdefaultBranch = main\n');
const env = {
  ...process.env,
  GIT_CONFIG_GLOBAL: config,
  GIT_CONFIG_NOSYSTEM: '1',
  XDG_CONFIG_HOME: join(root, 'config'),
  FORCE_COLOR: '1',
  NO_COLOR: undefined,
};

const git = (cwd, ...args) => execFileSync('git', args, { cwd, env, stdio: 'ignore' });
const edit = (path, from, to) => {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${path} does not hold ${JSON.stringify(from)}`);
  writeFileSync(path, text.replace(from, to));
};
const commit = (cwd, message) => {
  git(cwd, 'add', '--all');
  git(cwd, 'commit', '--quiet', '--message', message);
};

/** Runs mlsys as somebody types it, and gives back all that they see. */
function mlsys(cwd, args, codes = [0]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(repository, 'bin', 'mlsys.js'), ...args], {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (!codes.includes(status)) throw new Error(`mlsys ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout + stderr;
}

const prompt = (command, output) => `\u001b[32m$\u001b[39m \u001b[1m${command}\u001b[22m\n${output}`;

try {
  for (const folder of ['templates', 'branches']) {
    cpSync(join(repository, folder), join(template, folder), { recursive: true });
  }
  git(template, 'init', '--quiet');
  commit(template, 'First');
  git(template, 'tag', 'v1.0.0');
  mlsys(root, ['new', 'churn', '--from', 'our-template', '--yes', '--no-setup']);

  const files = join(template, 'templates', 'base', 'files');
  mkdirSync(join(files, 'docs'), { recursive: true });
  edit(join(files, 'conf', 'base.yaml'), 'level: INFO', 'level: WARNING');
  appendFileSync(join(files, 'conf', 'README.md'), '\nSecrets belong in `.env`, which git ignores.\n');
  writeFileSync(join(files, 'docs', 'runbook.md'), '# Runbook\n');
  edit(join(template, 'templates', 'base', 'layer.yaml'), '- typer', '- tenacity>=9.1\n    - typer');
  commit(template, 'Second');
  git(template, 'tag', 'v2.0.0');

  edit(join(project, 'conf', 'base.yaml'), 'level: INFO', 'level: DEBUG');
  edit(join(project, 'pyproject.toml'), '    "typer', '    "scikit-learn>=1.9",\n    "typer');
  commit(project, 'Mine');

  const sync = prompt('mlsys sync', mlsys(project, ['sync'], [1]));
  const status = prompt('mlsys status', mlsys(project, ['status']));
  const pictures = { sync, status };
  mkdirSync(images, { recursive: true });
  for (const [name, text] of Object.entries(pictures)) writeFileSync(join(images, `${name}.svg`), drawTerminal(text));
} finally {
  rmSync(root, { recursive: true, force: true });
}
