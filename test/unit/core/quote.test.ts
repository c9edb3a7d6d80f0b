import { describe, expect, it } from 'vitest';
import * as quote from '../../../src/core/quote.js';

describe('quoting', () => {
  it.each([
    ['json', 'a "b" \\', '"a \\"b\\" \\\\"'],
    ['json', '\u007f\u0085\u2028', '"\\u007f\\u0085\\u2028"'],
    // Parsers of YAML refuse these as they stand.
    ['yaml', '\ufffe\uffff', '"\\ufffe\\uffff"'],
    ['toml', '\b\t\u0001', '"\\b\\t\\u0001"'],
    ['py', 'plain', '"plain"'],
    ['py', 'say "hi"', `'say "hi"'`],
    ['py', `it's`, `"it's"`],
    // As the formatter does: the quotes that need fewer backslashes, double ones where that makes no difference.
    ['py', `it's "it"`, `'it\\'s "it"'`],
    ['py', `'a' "b"`, `"'a' \\"b\\""`],
    ['py', 'a\\b', '"a\\\\b"'],
    ['py', '\u0007', '"\\x07"'],
    ['sh', 'plain-1.2/x', 'plain-1.2/x'],
    ['sh', '', "''"],
    ['sh', `it's`, `'it'\\''s'`],
    ['sh', '$(id) `id`', "'$(id) `id`'"],
    ['sh', '~', "'~'"],
    ['make', 'a$b $(c)', 'a$$b $$(c)'],
    ['make', '# not a comment in a recipe', '# not a comment in a recipe'],
    ['md', '# no *title*', '\\# no \\*title\\*'],
    ['md', '1. no list', '1\\. no list'],
    ['md', '- no list', '\\- no list'],
    ['md', '<b>[x](y)|`z`', '\\<b\\>\\[x\\](y)\\|\\`z\\`'],
    ['md', 'R&D &lt; &#60;', 'R&D \\&lt; \\&#60;'],
    ['line', 'a\nb\r\nc', 'a b c'],
  ] as const)('for %s turns %j into %s', (language, text, expected) => {
    expect(quote[language](text)).toBe(expected);
  });
});
