import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { projectName, uncommitted } from '../helpers/branch-project.js';
import { cli, run } from '../helpers/project-commands.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-removal-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const parts = ['api', 'containers', 'mlflow', 'notebooks'];
const answers = (value: boolean) => parts.map((part) => `${part}=${value}`);
const mlsys = (cwd: string, ...args: string[]) => run(cwd, process.execPath, cli, ...args);
/** What git has of a project, apart from the files by which mlsys knows where it comes from. */
const tracked = (root: string) =>
  execFileSync('git', ['ls-files', '-s', ':!.mlsys/lock.json', ':!uv.lock'], { cwd: root, encoding: 'utf8' });

describe('a project without the API, MLflow, notebooks and containers', () => {
  const whole = join(work, projectName);
  const slim = join(work, 'slim', projectName);

  it('is the same whether they are left out at the start or later', () => {
    mlsys(work, 'new', whole, '--yes', '--no-setup');
    const before = tracked(whole);
    mlsys(work, 'new', slim, '--yes', ...answers(false).flatMap((answer) => ['--set', answer]));
    mlsys(whole, 'configure', ...answers(false), '--no-setup');
    expect(tracked(whole)).toBe(tracked(slim));
    mlsys(whole, 'configure', ...answers(true), '--no-setup');
    expect(tracked(whole)).toBe(before);
  });

  it('installs nothing of them, and has no file of them', () => {
    const project = readFileSync(join(slim, 'pyproject.toml'), 'utf8');
    const lists = [...project.matchAll(/^(?:dependencies|dev|notebooks|ui) = \[\n([^]*?)^\]/gm)].map((list) => list[1]);
    expect(lists.join('')).toMatch(/"polars>=/);
    expect(lists.join('')).not.toMatch(/fastapi|uvicorn|mlflow|jupyterlab|ipykernel|nicegui/);
    for (const path of ['Dockerfile', 'compose.yaml', 'deploy', 'notebooks', 'conf/api.yaml']) {
      expect({ path, there: existsSync(join(slim, path)) }).toEqual({ path, there: false });
    }
  });

  it('passes its own checks, and trains a model', () => {
    run(slim, 'make', 'all-checks');
    run(slim, 'make', 'demo');
    expect(uncommitted(slim)).toBe('');
  });
});
