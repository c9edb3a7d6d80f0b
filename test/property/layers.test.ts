import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Layer } from '../../src/core/layer.js';
import { lockOf, lockText, renderTarget } from '../../src/core/project.js';
import { blobId } from '../../src/core/tree.js';
import { answerText } from '../helpers/answer-text.js';
import { temporaryFolder } from '../helpers/context.js';
import { runs } from '../helpers/runs.js';
import { git } from '../helpers/tiny-project.js';
import { layerOf, templateOf } from '../helpers/template.js';

const branchNames = ['forest', 'meadow', 'pond'];

/** A layer with files, packages, tasks and variables that no other layer has, and some that all share. */
function layerNamed(name: string, words: readonly string[], below: readonly string[]): Layer {
  const own = (word: string): string => `${name}-${word}`;
  return layerOf(
    {
      name,
      extends: [...below],
      questions: name === 'main' ? { text: { default: 'x' } } : {},
      python: { dependencies: [...words, 'shared>=1'], extras: { all: [...words], [own('extra')]: ['a'] } },
      tasks: Object.fromEntries([...words.map(own), 'demo'].map((task) => [task, { command: 'x', help: task }])),
      env: { SHARED: {}, [`ONLY_${name.toUpperCase()}`]: {} },
      plugins: { commands: { [name]: `.${name}:app` } },
      docs: { pages: [] },
    },
    Object.fromEntries([
      ...words.map((word) => [`${name}/${word}.txt.hbs`, `${word} {{json text}}\n`]),
      [`${name}.json.hbs`, '[{{#each dependencies}}{{json this}}{{#unless @last}},{{/unless}}{{/each}}]'],
    ]),
    `{{#each tasks}}{{md name}} {{/each}}`,
  );
}

const shuffledFiles = (layer: Layer, seed: number): Layer => {
  const files = [...layer.files];
  const order = files.map((_, i) => ((i + 1) * (seed * 2 + 1)) % 8191);
  const key = new Map(files.map((file, i) => [file, order[i] ?? 0]));
  return { ...layer, files: new Map(files.sort((a, b) => (key.get(a) ?? 0) - (key.get(b) ?? 0))) };
};

it('the order of files and of branches changes nothing, and neither does a second rendering', () => {
  const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.tuple(words, words, words, words),
      fc.subarray(branchNames, { minLength: 1 }),
      fc.boolean(),
      answerText(),
      fc.nat({ max: 4000 }),
      ([base, ...perBranch], chosen, stacked, text, seed) => {
        const layers = branchNames.map((name, i) =>
          layerNamed(name, perBranch[i] ?? [], stacked ? branchNames.slice(0, i) : []),
        );
        const made = (
          branches: readonly string[],
          order: readonly Layer[],
          change: (layer: Layer) => Layer,
        ): string => {
          const template = templateOf(change(layerNamed('main', base, [])), ...order.map(change));
          const names = { project_name: 'my-project', package_name: 'my_project' };
          const rendered = renderTarget({ template, branches, names, given: new Map([['text', text]]) });
          return lockText(lockOf(rendered, { source: 'builtin', version: '1' }, '1'));
        };
        const once = made(chosen, layers, (layer) => layer);
        expect(made(chosen, layers, (layer) => layer)).toBe(once);
        expect(made([...chosen].reverse(), [...layers].reverse(), (layer) => shuffledFiles(layer, seed))).toBe(once);
      },
    ),
    runs(),
  );
});

it('the id of a file is the one that git gives it', () => {
  const folder = temporaryFolder();
  const paths = Array.from({ length: 50 }, (_, i) => join(folder, `file-${i}`));
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 50, maxLength: 50 }), (contents) => {
      for (const [i, path] of paths.entries()) writeFileSync(path, contents[i] ?? '');
      const input = paths.map((path) => `${path}\n`).join('');
      const ids = execFileSync('git', ['hash-object', '--no-filters', '--stdin-paths'], {
        cwd: folder,
        input,
        encoding: 'utf8',
      });
      expect(ids.trimEnd().split('\n')).toEqual(contents.map(blobId));
    }),
    { numRuns: Math.ceil(runs().numRuns / 50) },
  );
  expect(git(folder, 'hash-object', '-t', 'blob', '/dev/null')).toBe(blobId(new Uint8Array()));
});
