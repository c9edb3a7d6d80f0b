/**
 * Quoting for the languages that templates are written in. Each takes any one-line text and gives a literal that the
 * language reads back as the same text.
 */

/** A double-quoted string of YAML 1.2 and of JSON. */
export const json = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** A basic string of TOML 1.0, which has JSON's escapes and needs DEL escaped too. */
export const toml = json;

export const yaml = json;

/** A double-quoted string of Python, printed as `ruff format` would. */
export function py(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return escaped.includes('"') && !escaped.includes("'") ? `'${escaped}'` : `"${escaped.replaceAll('"', '\\"')}"`;
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
    .replace(/[\\`*_[\]<>|~]/g, '\\$&')
    .replace(/^(#|[-+=]|\d+[.)])/, (mark) => (/\d/.test(mark) ? mark.replace(/([.)])$/, '\\$1') : `\\${mark}`));
