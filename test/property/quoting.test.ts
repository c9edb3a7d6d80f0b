import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { renderText } from '../../src/core/render.js';
import { answerText } from '../helpers/answer-text.js';
import { temporaryFolder } from '../helpers/context.js';
import { runs } from '../helpers/runs.js';

/** Many answers at a time where a program must be started to read them back. */
const batchSize = 50;
const batches = (): fc.Arbitrary<string[]> => fc.array(answerText(), { minLength: batchSize, maxLength: batchSize });
const batchRuns = () => ({ numRuns: Math.ceil(runs().numRuns / batchSize) });

const render = (template: string, values: readonly string[]): string =>
  renderText(`{{#each values}}${template}{{/each}}`, { values }, 'a.hbs');

describe('an answer reads back as it was given', () => {
  it('from TOML', () => {
    fc.assert(
      fc.property(answerText(), (text) => {
        expect(parseToml(renderText('a = {{toml text}}', { text }, 'a'))).toEqual({ a: text });
      }),
      runs(),
    );
  });

  it('from YAML and JSON', () => {
    fc.assert(
      fc.property(answerText(), (text) => {
        expect(parseYaml(renderText('a: {{yaml text}} # end', { text }, 'a'))).toEqual({ a: text });
        expect(parseYaml(renderText('- [{{yaml text}}, {b: {{yaml text}} }]', { text }, 'a'))).toEqual([
          [text, { b: text }],
        ]);
        expect(JSON.parse(renderText('{"a": {{json text}} }', { text }, 'a'))).toEqual({ a: text });
      }),
      runs(),
    );
  });

  it('from what Python reads as its own text, TOML and JSON', () => {
    const code = [
      'import ast, json, sys, tomllib',
      'readers = [ast.literal_eval, lambda line: tomllib.loads("a = " + line)["a"], json.loads]',
      'lines = sys.stdin.buffer.read().decode().split("\\n")[:-1]',
      'print(json.dumps([readers[i % 3](line) for i, line in enumerate(lines)]))',
    ].join('\n');
    fc.assert(
      fc.property(batches(), (values) => {
        const input = render('{{py this}}\n{{toml this}}\n{{json this}}\n', values);
        const output = execFileSync('python3', ['-X', 'utf8', '-c', code], { input, encoding: 'utf8' });
        expect(JSON.parse(output)).toEqual(values.flatMap((value) => [value, value, value]));
      }),
      batchRuns(),
    );
  });

  it.skipIf(process.platform === 'win32')('from a shell, as one word', () => {
    const script = join(temporaryFolder(), 'script');
    fc.assert(
      fc.property(batches(), (values) => {
        writeFileSync(script, render("printf '%s\\0' {{sh this}}\n", values));
        expect(execFileSync('sh', [script], { encoding: 'utf8' }).split('\0')).toEqual([...values, '']);
      }),
      batchRuns(),
    );
  });

  it.skipIf(process.platform === 'win32')('from the recipe of a Makefile', () => {
    const makefile = join(temporaryFolder(), 'Makefile');
    fc.assert(
      fc.property(batches(), (values) => {
        writeFileSync(makefile, `all:\n${render("\t@printf '%s\\0' {{make (sh this)}}\n", values)}`);
        const { stdout, stderr } = spawnSync('make', ['-f', makefile], { encoding: 'utf8' });
        expect({ read: stdout.split('\0'), stderr }).toEqual({ read: [...values, ''], stderr: '' });
      }),
      batchRuns(),
    );
  });
});

describe('an answer that is printed without quotes', () => {
  it('is refused, or the same text in every language', () => {
    fc.assert(
      fc.property(fc.oneof(answerText(), fc.stringMatching(/^[\w .+/@-]{1,12}$/)), (text) => {
        let plain: string;
        try {
          plain = renderText('{{text}}', { text }, 'a');
        } catch {
          return;
        }
        expect(plain).toBe(text);
        expect(parseToml(`a = "${plain}"`)).toEqual({ a: text });
        expect(parseYaml(`a: '${plain}'`)).toEqual({ a: text });
        expect(parseYaml(`a: x ${plain}`)).toEqual({ a: `x ${text}`.trimEnd() });
      }),
      runs(),
    );
  });
});
