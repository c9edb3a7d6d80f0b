import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/context.js';
import { runCli } from '../helpers/run-cli.js';
import { commitAll, writeFiles, writeTinyProject } from '../helpers/tiny-project.js';

interface Row {
  readonly name: string;
  readonly status: string;
  readonly found: string;
  readonly fix: string | null;
}

async function doctor(cwd: string, ...flags: string[]) {
  const { exitCode, stdout } = await runCli(['doctor', '--json', ...flags], { cwd });
  const rows = JSON.parse(stdout) as Row[];
  return { exitCode, byName: new Map(rows.map((row) => [row.name, row])) };
}

const key = { name: 'API_KEY', required: true, secret: true, default: '', help: '', layer: 'main' };

test('doctor follows a project from set-up to drift, and --fix mends it', async () => {
  const cwd = temporaryFolder();
  writeTinyProject(cwd, {
    manifest: { env: [{ ...key, required: false }] },
    files: { '.gitignore': '.venv/\n.env\n', '.env.example': 'API_KEY=\n' },
  });
  commitAll(cwd);
  expect((await doctor(cwd)).byName.get('environment')).toMatchObject({ status: 'warn', fix: 'mlsys setup' });

  const mended = await doctor(cwd, '--fix');
  expect(mended.exitCode).toBe(0);
  expect(mended.byName.get('environment')).toEqual({
    name: 'environment',
    status: 'ok',
    found: 'in step with uv.lock',
    fix: null,
  });

  writeFiles(cwd, { 'pyproject.toml': '[project]\nname = "tiny"\nversion = "9"\nrequires-python = ">=3.11"\n' });
  const drifted = await doctor(cwd);
  expect(drifted.exitCode).toBe(1);
  expect(drifted.byName.get('environment')).toMatchObject({
    status: 'fail',
    found: 'uv.lock does not fit pyproject.toml',
  });
});

test('doctor --fix copies .env.example, and what is still empty stays a fault', async () => {
  const cwd = temporaryFolder();
  writeTinyProject(cwd, { manifest: { env: [key] }, files: { '.env.example': 'API_KEY=\n' } });
  const { exitCode, byName } = await doctor(cwd, '--fix');
  expect(exitCode).toBe(1);
  expect(existsSync(join(cwd, '.env'))).toBe(true);
  expect(byName.get('dotenv')).toMatchObject({
    status: 'fail',
    found: 'API_KEY is required and not set',
    fix: 'set it in .env',
  });
});

test('doctor names mlsys adopt where HEAD has no lock', async () => {
  const cwd = temporaryFolder();
  writeTinyProject(cwd);
  rmSync(join(cwd, '.mlsys', 'lock.json'));
  commitAll(cwd);
  const { exitCode, byName } = await doctor(cwd);
  expect(exitCode).toBe(1);
  expect(byName.get('lock')).toMatchObject({
    status: 'fail',
    found: '.mlsys/lock.json is missing',
    fix: expect.stringContaining('`mlsys adopt`') as string,
  });
});

test('doctor outside a project exits with 0 and says what the machine has', async () => {
  const { exitCode, stdout, stderr } = await runCli(['doctor'], { cwd: temporaryFolder() });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ok {4}git +\d/m);
  expect(stderr).toMatch(/^0 faults, \d+ warnings?/);
});
