import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadBuiltin } from '../../../src/adapters/source.js';
import { compose } from '../../../src/core/compose.js';
import { turnBack } from '../../../src/core/contribute/turn-back.js';
import { projectNames } from '../../../src/core/names.js';
import { renderTarget } from '../../../src/core/project.js';
import { renderText } from '../../../src/core/render.js';
import { testContext } from '../../helpers/context.js';
import { runs } from '../../helpers/runs.js';

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.integer({ min: 0, max: 3 }),
  words: fc.constantFrom(
    '',
    'plain\n',
    'my-project\n',
    'my_project.core\nmore\n',
    '${{ a }}\n',
    '{{ b }}\n',
    '"my_project"',
    'ü\r\n',
    '\\',
  ),
  byLine: fc.boolean(),
});

/** Applies edits at places that are shares of a text's length. */
function applyEdits(
  text: string,
  edits: readonly { at: number; remove: number; words: string; byLine: boolean }[],
): string {
  return edits.reduce((before, { at, remove, words, byLine }) => {
    const parts = byLine ? before.split(/(?<=\n)/) : [...before];
    parts.splice(Math.floor(at * parts.length), remove, words);
    return parts.join('');
  }, text);
}

it('whatever is edited in files of the built-in template, what is brought back renders as it was told', () => {
  const { template } = loadBuiltin(testContext());
  const branches = [...template.branches.keys()];
  const names = projectNames('my-project');
  const { layers, answers, baseline } = renderTarget({ template, branches, names, given: new Map() });
  const { files, data } = compose(layers, answers);
  const rendered = [...files].filter(([, { template: isTemplate }]) => isTemplate);
  const values = { names, isOrdinary: () => false };
  const file = fc.constantFrom(...rendered);
  const property = fc.property(file, fc.array(edit, { minLength: 0, maxLength: 4 }), ([path, { bytes }], edits) => {
    const text = Buffer.from(bytes).toString();
    const before = Buffer.from(baseline.get(path)?.bytes ?? []).toString();
    const wanted = applyEdits(before, edits);
    const result = turnBack({ path, template: text, rendered: before, wanted, data, values, isTemplate: true });
    expect(renderText(result.template, data, path)).toBe(result.rendered);
    if (result.refused.length === 0) expect(result.rendered).toBe(wanted);
    if (wanted === before) expect(result.template).toBe(text);
    const count = wanted.split('\n').length;
    expect(result.refused.filter(({ line }) => line < 1 || line > count)).toEqual([]);
  });
  fc.assert(property, runs());
});
