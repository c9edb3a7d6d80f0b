import type { ProjectNames } from '../names.js';
import { literally, wholeWord } from '../text.js';

/** An expression of a template, with what it prints for this project. */
export interface Expression {
  /** `{{toml project_name}}` */
  readonly source: string;
  readonly output: string;
  /** Where it stands in the template. */
  readonly at: number;
  /** The loops around it: names mean something else in each. */
  readonly loops: string;
}

/** Where a person's text goes. */
export interface Site {
  readonly path: string;
  /** The new text around it. */
  readonly left: string;
  readonly right: string;
  /** The place in the template, for the expression that is nearest. */
  readonly at: number;
  readonly loops: readonly number[];
  /** Whether the file is a template already. Others are made one only for what is surely a name. */
  readonly isTemplate: boolean;
  /** Whether the file, being Python, imports the package under its name. */
  readonly isImported: boolean;
}

export interface Values {
  readonly names: ProjectNames;
  /** Whether a word stands in the template as a word of its own: then not every occurrence of it is a name. */
  readonly isOrdinary: (word: string) => boolean;
}

export interface Turned {
  readonly text: string;
  /** How often a value became an expression. */
  readonly found: number;
}

/** Escapes what would be read as an expression. */
export const escapeBraces = (text: string): string => text.replaceAll('{{', '\\{{');

interface Candidate {
  readonly output: string;
  readonly source: string;
  readonly name: keyof ProjectNames | undefined;
}

/** Turns what a person wrote into text of a template: values that are sure to be answers become expressions. */
export function turnValues(text: string, site: Site, values: Values, expressions: readonly Expression[]): Turned {
  const candidates = candidatesFor(site, values, expressions);
  let [turned, plain, found] = ['', '', 0];
  for (let at = 0; at < text.length;) {
    const [left, rest] = [site.left + text.slice(0, at), text.slice(at)];
    const match = candidates.find(
      (candidate) =>
        rest.startsWith(candidate.output) &&
        isMeant(candidate, left, rest.slice(candidate.output.length) + site.right, { site, values }),
    );
    if (match === undefined) {
      plain += text[at] ?? '';
      at++;
      continue;
    }
    turned += escapeBraces(plain) + match.source;
    [plain, found, at] = ['', found + 1, at + match.output.length];
  }
  return { text: turned + escapeBraces(plain), found };
}

/** The longest first, so that a quoted name is taken with its quotes. Of equal ones that which stands nearest. */
function candidatesFor(
  { path, at, loops }: Site,
  { names }: Values,
  expressions: readonly Expression[],
): readonly Candidate[] {
  const key = loops.join();
  const near = expressions
    .filter((expression) => expression.loops === key && isTelling(expression, names))
    .sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))
    .map(({ source, output }) => ({ source, output, name: nameIn(output, names, path) }));
  const up = '../'.repeat(loops.length);
  const order = path.endsWith('.py')
    ? (['package_name', 'project_name'] as const)
    : (['project_name', 'package_name'] as const);
  const known = order.map((name) => ({ source: `{{${up}${name}}}`, output: names[name], name }));
  const isPython = path.endsWith('.py');
  // Where both names are one word, only code tells which is meant.
  const ranked = isPython ? [...known, ...near] : [...near, ...known];
  return ranked.sort((a, b) => b.output.length - a.output.length);
}

const bare = (output: string): string => output.replace(/^(["'])(.*)\1$/s, '$2');

function nameIn(output: string, names: ProjectNames, path: string): keyof ProjectNames | undefined {
  const inner = bare(output);
  if (inner === names.package_name && (path.endsWith('.py') || inner !== names.project_name)) return 'package_name';
  if (inner === names.project_name) return 'project_name';
  return inner === names.package_name ? 'package_name' : undefined;
}

/** A value that says by itself where it comes from: one of the names, or text that nobody writes twice by chance. */
function isTelling({ output }: Expression, names: ProjectNames): boolean {
  const inner = bare(output);
  if (inner === names.package_name || inner === names.project_name) return true;
  return inner.length >= 8 && /\p{L}{3}/u.test(inner) && /[\s_./-]/.test(inner) && !output.includes('\n');
}

interface Judged {
  readonly site: Site;
  readonly values: Values;
}

function isMeant({ output, name }: Candidate, left: string, right: string, { site, values }: Judged): boolean {
  if (/^[\w-]/.test(output) && /[\w-]$/.test(left)) return false;
  if (/[\w-]$/.test(output) && /^[\w-]/.test(right)) return false;
  if (name === undefined) return true;
  const word = values.names[name];
  if (
    name === 'package_name' &&
    (isModule(left, right) || (site.isImported && /(?<![\w.])$/.test(left) && right.startsWith('.')))
  )
    return true;
  if (values.isOrdinary(word)) return false;
  return site.isTemplate || !isPlainWord(word);
}

/** Whether Python code imports a package so that its name stands for it. */
export const importsByName = (path: string, text: string, name: string): boolean =>
  path.endsWith('.py') && new RegExp(`^\\s*import\\s+(.*,\\s*)?${name}\\b(?!.*\\bas\\b)`, 'm').test(text);

/** Whether a word stands where only the name of a package can: an import, a path below `src`, `python -m`. */
function isModule(left: string, right: string): boolean {
  const line = left.slice(left.lastIndexOf('\n') + 1);
  if (/^\s*(?:from|import)\s+$|^\s*import\s.*,\s*$|\bsrc\/$|\s-m\s+$/.test(line)) return true;
  return /["']$/.test(line) && /^\.[A-Za-z_]\w*[."':]/.test(right);
}

/** A name of several words is one wherever it stands; a plain word is one only where names are expected. */
const isPlainWord = (word: string): boolean => !/[-_.\d]/.test(word);

/** A new path as the template writes it: names of several words anywhere, a plain word as a whole folder. */
export function namesInPath(path: string, { names, isOrdinary }: Values): string {
  const folders = path.split('/');
  const file = folders.pop() ?? '';
  const written = (part: string, isFolder: boolean): string => {
    for (const name of ['package_name', 'project_name'] as const) {
      const word = names[name];
      if (isOrdinary(word)) continue;
      if (isFolder && part === word) return `{{${name}}}`;
      if (isPlainWord(word)) continue;
      const found = part.replace(new RegExp(`(?<![A-Za-z0-9])${literally(word)}(?![A-Za-z0-9])`, 'g'), `{{${name}}}`);
      if (found !== part) return found;
    }
    return part;
  };
  return [...folders.map((folder) => written(folder, true)), written(file, false)].join('/');
}

/** The names that stand as words of their own more often than before: turned back they were not, as they may be mere words. */
export function keptNames(before: string, after: string, { names }: Values): string[] {
  const count = (text: string, word: string): number => text.match(wholeWord(word, 'g'))?.length ?? 0;
  return [...new Set([names.project_name, names.package_name])].filter(
    (word) => count(after, word) > count(before, word),
  );
}
