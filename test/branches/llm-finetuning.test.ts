import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guideCommands } from '../helpers/guide-commands.js';
import { cli, runWith } from '../helpers/project-commands.js';
import { freePort, serve } from '../helpers/project-server.js';

const work = mkdtempSync(join(tmpdir(), 'mlsys-llm-'));
const root = join(work, 'harbour');
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A few steps in place of hundreds. */
const less = { HARBOUR__LLM__TRAINING__MAX_STEPS: '4', HARBOUR__LLM__TRAINING__EVALUATIONS: '1' };
/** Guides that say what to run, and of that what needs a cluster, a server, people, other files or much time. */
const guides: Readonly<Record<string, RegExp>> = {
  training: /ray|--resume|\.jsonl?|3f2a9c01|sweep|--processes 2|import/,
  speed: /--url|--full/,
  'human-evaluation': /serve|report|export/,
  performance: /^$/,
  troubleshooting: /^$/,
  customisation: /^$/,
  'm1-pro': /^$/,
};
/** Less of it: few trials, few requests. */
const quick = {
  ...less,
  HARBOUR__LLM__BENCHMARKS__LOADS: '[0.5]',
  HARBOUR__LLM__BENCHMARKS__QUICK: '{prompts: 2, rounds: 2, seconds: 0.5, soak_minutes: 0.02}',
  HARBOUR__LLM__QUANTIZATION__TIMED_QUESTIONS: '3',
  HARBOUR__LLM__TUNING__LOOKUP_TOKENS: '[0, 2]',
  HARBOUR__LLM__TUNING__PREFILL_TOKENS: '[1024]',
  HARBOUR__LLM__TUNING__PROMPTS: '8',
  HARBOUR__LLM__TUNING__ROUNDS: '2',
  HARBOUR__LLM__TUNING__ROWS: '[16]',
  HARBOUR__LLM__TUNING__THREADS: '[1]',
};
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
    expect(mlsys('colab-import', '--', model, '--version', '0.9.0')).toBe('documents-qa@v0.9.0\n');
    expect(mlsys('generate', '--', 'What is the length of Berth 4?')).toMatch(/\S/);
  });
});

/** A block of a language below a heading of the README. */
function block(heading: string, language: string): string {
  const section = readFileSync(join(root, 'README.md'), 'utf8').split(`\n### ${heading}\n`)[1] ?? '';
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(section)?.[1] ?? '';
}

describe('what its README says comes after the demo', () => {
  const lines = () =>
    block('After the demo', 'sh')
      .split('\n')
      .map((line) => line.replace(/ +#.*/, ''))
      .filter(Boolean);

  it('is evaluated, made smaller, compared by users and measured', () => {
    expect(lines()).toEqual(['make evaluate', 'make quantize', 'make serve', 'make ab-demo', 'make benchmark']);
    for (const line of lines().filter((one) => one !== 'make serve')) runWith(quick, root, 'bash', '-euc', line);
    for (const report of ['llm-evaluation', 'llm-quantization', 'ab-demo', 'llm-benchmark'])
      expect(readdirSync(join(root, 'reports', report)).length).toBeGreaterThan(0);
  });

  it('is served to the client of OpenAI', async () => {
    const port = await freePort();
    const log = join(work, 'serve.txt');
    const end = await serve(root, `make serve ARGS="--port ${port}"`, `http://127.0.0.1:${port}/ready`, log);
    try {
      const script = block('After the demo', 'python').replace('8000', String(port));
      expect(runWith({}, root, 'uv', 'run', 'python', '-c', script)).toMatch(/\S/);
    } finally {
      await end();
    }
  });
});

describe('the guides of llm-finetuning', () => {
  const programs = join(work, 'programs');
  const done = new Set<string>();
  beforeAll(() => {
    mkdirSync(programs);
    writeFileSync(join(programs, 'mlsys'), `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`, { mode: 0o755 });
    const longer = { ...less, HARBOUR__LLM__TRAINING__MAX_STEPS: '12' };
    const another = runWith(longer, root, 'uv', 'run', 'harbour', 'llm', 'train', '--seed', '1');
    expect(another).toBe('checkpoints/documents-qa@v1.1.0\n');
  });

  it.each(Object.entries(guides))('say commands that work: %s', (guide, elsewhere) => {
    const commands = guideCommands(root, guide, elsewhere);
    expect(commands.length).toBeGreaterThan(1);
    const more = { ...quick, PATH: `${programs}:${process.env.PATH ?? ''}` };
    for (const command of commands.filter((one) => !done.has(one))) {
      runWith(more, root, 'bash', '-euc', command);
      done.add(command);
    }
  });
});
