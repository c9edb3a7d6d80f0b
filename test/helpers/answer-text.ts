import fc from 'fast-check';
import { parseAnswer } from '../../src/core/answers.js';
import { question } from '../../src/schema/manifest.js';

const asked = question.parse({ type: 'string', default: '' });

function accepted(text: string): boolean {
  try {
    return parseAnswer('text', asked, text) === text;
  } catch {
    return false;
  }
}

const awkward = fc.constantFrom(
  ...[
    '"',
    "'",
    '`',
    '\\',
    '$',
    '${x}',
    '$(id)',
    '#',
    ' #',
    '-',
    '--',
    '!',
    '%',
    '&&',
    ';',
    '|',
    '<',
    '>',
    '*',
    '?',
    '~',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    ': ',
    ', ',
    '=',
    '\\n',
    '\\',
    '"""',
    "'''",
    'yes',
    'null',
    '1e3',
    '0x1',
    '\ufeff',
    '\ufffe',
    '@',
    '\\u0041',
  ],
);

/** Text that mlsys takes as an answer: of any script, and rich in what some language gives a meaning. */
export const answerText = (): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(awkward, fc.string({ unit: 'grapheme', maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 4 })),
      {
        maxLength: 8,
      },
    )
    .map((parts) => parts.join('').trim())
    .filter(accepted);
