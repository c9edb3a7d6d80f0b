import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The commands that a guide of a project shows in blocks, but those that need what a test has not. */
export function guideCommands(root: string, guide: string, elsewhere: RegExp): string[] {
  const text = readFileSync(join(root, `docs/guides/llm-${guide}.md`), 'utf8');
  const shown = [...text.matchAll(/^ {4}((?:uv|mlsys) .*?)(?: +#.*)?$/gm)].map((line) => line[1] ?? '');
  return shown.filter((command) => !elsewhere.test(command));
}
