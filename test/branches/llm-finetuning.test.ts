import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, runWith } from '../helpers/project-commands.js';
import { freePort, serve } from '../helpers/project-server.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-llm-'));
const root = join(work, 'harbour');
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A few steps in place of hundreds. */
const less = { HARBOUR__LLM__TRAINING__MAX_STEPS: '4', HARBOUR__LLM__TRAINING__EVALUATIONS: '1' };
const mlsys = (...args: string[]) => runWith(less, root, process.execPath, cli, ...args);

beforeAll(() => {
  runWith({}, work, process.execPath, cli, 'new', root, '--yes', '--branch', 'llm-finetuning');
}, 600_000);

describe('a project with llm-finetuning', () => {
  it('trains and evaluates a language model by the plain names of tasks', () => {
    expect(mlsys('train')).toBe('checkpoints/documents-qa@v1.0.0\n');
    expect(mlsys('evaluate')).toMatch(/Exact match/);
  });

  it('opens the notebook that trains, once what shows it is installed', async () => {
    runWith({}, root, 'uv', 'sync', '--quiet', '--inexact', '--extra', 'notebooks');
    const at = await freePort();
    const url = (path: string) => `http://127.0.0.1:${at}${path}?token=of-tests`;
    const args = `--no-browser --allow-root --port ${at} --IdentityProvider.token=of-tests`;
    const line = `"${process.execPath}" "${cli}" notebook -- ${args}`;
    const end = await serve(root, line, url('/api/status'), join(work, 'notebook.txt'));
    try {
      const found = await (await fetch(url('/api/contents/harbour_colab.ipynb'))).json();
      expect(found).toMatchObject({ type: 'notebook' });
    } finally {
      await end();
    }
  });

  it('is packed, and takes in a model that was trained elsewhere', () => {
    writeFileSync(join(root, '.env'), 'LLM_API_KEY=nobody-else-sees-this\n');
    expect(mlsys('colab-pack')).toMatch(/^dist\/harbour-colab\.zip: [34]\.\d+ MB, the scanner found no secrets$/m);
    expect(readdirSync(join(root, 'dist'))).toEqual(['harbour-colab.zip']);
    const model = join(work, 'model_v1.0.0.zip');
    runWith({}, root, 'uv', 'run', 'harbour', 'checkpoints', 'export', 'documents-qa', '--output', model);
    expect(mlsys('colab-import', '--', model, '--version', '1.1.0')).toBe('documents-qa@v1.1.0\n');
    expect(mlsys('generate', '--', 'What is the length of Berth 4?')).toMatch(/\S/);
  });
});
