import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Lock, lockPath, type TemplateRef } from '../../src/schema/lock.js';
import { type ProjectManifest, projectManifestPath, type ProjectTask } from '../../src/schema/project.js';
import { gitEnvironment } from '../../src/adapters/git/run.js';

export interface TinyProject {
  readonly tasks?: readonly (Partial<ProjectTask> & { readonly name: string })[];
  readonly manifest?: Partial<ProjectManifest>;
  readonly template?: TemplateRef;
  readonly answers?: Lock['answers'];
  readonly pyproject?: string;
  readonly files?: Readonly<Record<string, string>>;
}

const tinyPyproject = `[project]
name = "tiny"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = []
`;

/** A project whose environment is made in a moment: it depends on nothing. */
export function writeTinyProject(root: string, given: TinyProject = {}): void {
  const { tasks = [], manifest = {}, template = { source: 'builtin', version: '0.1.0' }, answers = {} } = given;
  const lock: Lock = { schema: 1, template, mlsys: '0.1.0', branches: [], answers, files: {} };
  const whole: ProjectManifest = {
    layers: [{ name: 'main', title: 'Base' }],
    requires: { memory_gb: 0, disk_gb: 0, devices: [] },
    env: [],
    conflicts: [],
    services: [],
    checks: [],
    ...manifest,
    tasks: tasks.map(wholeTask),
  };
  writeFiles(root, {
    'pyproject.toml': given.pyproject ?? tinyPyproject,
    '.gitignore': '.venv/\n',
    [lockPath]: JSON.stringify(lock),
    [projectManifestPath]: JSON.stringify(whole),
    ...given.files,
  });
}

export const wholeTask = (task: Partial<ProjectTask> & { readonly name: string }): ProjectTask => ({
  layer: 'main',
  help: `The task ${task.name}`,
  command: [],
  steps: [],
  needs: { gpu: false, services: [], extras: [] },
  ambiguous: [],
  ...task,
});

export function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** A program that a shell runs. */
export function writeProgram(folder: string, name: string, script: string): string {
  const path = join(folder, name);
  writeFiles(folder, { [name]: `#!/bin/sh\n${script}\n` });
  chmodSync(path, 0o755);
  return path;
}

/** Runs git as a test's own person, who never reads the configuration of the machine. */
export function git(cwd: string, ...args: string[]): string {
  const env = {
    ...gitEnvironment(process.env),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
  };
  return execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trimEnd();
}

export function commitAll(root: string, message = 'Start'): void {
  git(root, 'init', '--quiet', '--initial-branch=main');
  git(root, 'add', '--all');
  git(root, 'commit', '--quiet', '--message', message);
}
