/** Lines with their ends, so that CRLF and a missing last newline survive. */
export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** A text as a part of a regular expression that matches only that text. */
export const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Matches words where they stand as words of their own: a hyphen is a part of one. */
export const wholeWord = (words: string, flags = ''): RegExp =>
  new RegExp(`(?<![\\w-])${literally(words)}(?![\\w-])`, flags);
