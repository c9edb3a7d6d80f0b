/**
 * Quoting for the languages that templates are written in. Each takes any one-line text and gives a literal that the
 * language reads back as the same text.
 */

/** A double-quoted string of YAML 1.2 and of JSON. What YAML calls unprintable is escaped too. */
export const json = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A basic string of TOML 1.0, which has JSON's escapes and needs DEL escaped too. */
export const toml = json;

export const yaml = json;

/** A string of Python in the quotes that `ruff format` would choose: those that need fewer backslashes, else double ones. */
export function py(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const count = (quote: string): number => escaped.split(quote).length;
  const quote = count('"') > count("'") ? "'" : '"';
  return `${quote}${escaped.replaceAll(quote, `\\${quote}`)}${quote}`;
}

/** One word of a POSIX shell. */
export const sh = (text: string): string =>
  /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Text of a recipe of a Makefile. */
export const make = (text: string): string => text.replaceAll('$', '$$$$');

/** Text that ends with its line, such as a comment. */
export const line = (text: string): string => text.replace(/[\n\r]+/g, ' ');

/** Plain text in Markdown: what would be markup is escaped. */
export const md = (text: string): string =>
  text
    .replace(/[\\`*_[\]<>|~]|&(?=#?\w+;)/g, '\\$&')
    .replace(/^(#|[-+=]|\d+[.)])/, (mark) => (/\d/.test(mark) ? mark.replace(/([.)])$/, '\\$1') : `\\${mark}`));
