import { parse as parseToml } from 'smol-toml';
import { parseAllDocuments } from 'yaml';

const parsers: Record<string, { readonly language: string; readonly parse: (text: string) => void }> = {
  toml: { language: 'TOML', parse: (text) => void parseToml(text) },
  json: { language: 'JSON', parse: (text) => void JSON.parse(text) },
  yaml: { language: 'YAML', parse: parseYaml },
};
const endings: Record<string, string> = {
  toml: 'toml',
  lock: 'toml',
  json: 'json',
  ipynb: 'json',
  yaml: 'yaml',
  yml: 'yaml',
};

function parseYaml(text: string): void {
  for (const document of parseAllDocuments(text, { logLevel: 'silent' })) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
  }
}

const parserOf = (path: string) => parsers[endings[/\.(\w+)$/.exec(path)?.[1] ?? ''] ?? ''];

/** What is wrong with a file of a language that mlsys knows by its ending, or undefined. */
export function parseRendered(path: string, text: string): string | undefined {
  const parser = parserOf(path);
  if (parser === undefined) return undefined;
  try {
    parser.parse(text);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return `${parser.language}: ${reason}`;
  }
}

/** Whether a file's language is one that can be checked. */
export const parses = (path: string): boolean => parserOf(path) !== undefined;

/** A key that one object of a JSON file has twice; TOML and YAML refuse that themselves, JSON takes the last in silence. */
export function repeatedKey(path: string, text: string): string | undefined {
  if (parserOf(path)?.language !== 'JSON') return undefined;
  const open: Set<string>[] = [];
  for (const { 0: token, 1: key } of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (key !== undefined) {
      if (open.at(-1)?.has(key)) return `JSON: the key ${key} is there twice`;
      open.at(-1)?.add(key);
    }
  }
  return undefined;
}
