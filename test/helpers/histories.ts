import * as fc from 'fast-check';

/** Files by path, as a template ships them or a project holds them. */
export type Model = ReadonlyMap<string, string>;

const paths = [
  'a.txt',
  'b.txt',
  'c.md',
  'docs/a.txt',
  'docs/deep/b.txt',
  'src/x.py',
  'conf/x.toml',
  'conf/y.yaml',
  'z.json',
];
const otherPaths = [
  'moved.txt',
  'docs/moved.md',
  'src/deep/moved.py',
  'a b/ü.txt',
  'thing',
  'thing/x.txt',
  'conf/z.toml',
];

/** A file of lines that say where they come from, in the language of its ending. */
function write(path: string, lines: readonly string[]): string {
  switch (path.slice(path.lastIndexOf('.') + 1)) {
    case 'toml':
      return `x = [\n${lines.map((line) => `  "${line}",\n`).join('')}]\n`;
    case 'json':
      return `{\n  "x": [\n${lines.map((line, i) => `    "${line}"${i < lines.length - 1 ? ',' : ''}\n`).join('')}  ]\n}\n`;
    case 'yaml':
      return `x:\n${lines.map((line) => `  - ${line}\n`).join('')}y: 1\n`;
    default:
      return lines.map((line) => `${line}\n`).join('');
  }
}

/** The lines of a file that are its content, whatever its language. */
const linesIn = (text: string): string[] => text.match(/\b(?:base|news|mine)-\w+/g) ?? [];

export const treeOfLines: fc.Arbitrary<Model> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...paths), fc.integer({ min: 0, max: 14 })), {
    minLength: 1,
    maxLength: 6,
    selector: ([path]) => path,
  })
  .map(
    (files) =>
      new Map(
        files.map(([path, count], n) => [
          path,
          write(
            path,
            Array.from({ length: count }, (_, i) => `base-${n}x${i}`),
          ),
        ]),
      ),
  );

/** One thing that somebody does to a tree. The numbers choose a file and a place in it. */
export interface Step {
  readonly kind: 'insert' | 'replace' | 'drop' | 'delete' | 'rename' | 'create' | 'binary' | 'empty';
  readonly file: number;
  readonly line: number;
  readonly path: string;
}

const kinds: readonly Step['kind'][] = ['insert', 'replace', 'drop', 'delete', 'rename', 'create', 'binary', 'empty'];

export const steps = (only: readonly Step['kind'][] = kinds): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...only, ...(only.includes('insert') ? (['insert', 'replace'] as const) : [])),
      file: fc.nat(20),
      line: fc.nat(20),
      path: fc.constantFrom(...otherPaths),
    }),
    { minLength: 1, maxLength: 6 },
  );

/** Takes the steps. Lines that they add begin with `who`, and no two are the same. */
export function take(tree: Model, todo: readonly Step[], who: string): Model {
  const files = new Map(tree);
  for (const [n, { kind, file, line, path: other }] of todo.entries()) {
    const path = [...files.keys()][file % Math.max(files.size, 1)];
    if (kind === 'create') put(files, other, write(other, [`${who}-${n}`, `${who}-${n}b`]));
    if (path === undefined || kind === 'create') continue;
    const text = files.get(path) ?? '';
    const lines = linesIn(text);
    const at = line % (lines.length + 1);
    if (kind === 'delete') files.delete(path);
    else if (kind === 'rename') {
      files.delete(path);
      put(files, other, other.endsWith('.toml') ? write(other, lines) : text);
    } else if (kind === 'binary') files.set(path, `\0${who}-${n}\n`);
    else if (kind === 'empty') files.set(path, '');
    else if (kind === 'insert') files.set(path, write(path, lines.toSpliced(at, 0, `${who}-${n}`)));
    else if (kind === 'replace') files.set(path, write(path, lines.toSpliced(at, 1, `${who}-${n}`)));
    else files.set(path, write(path, lines.toSpliced(at, 1)));
  }
  return files;
}

/** Writes a file where neither a folder nor a file above is in its way. */
function put(files: Map<string, string>, path: string, text: string): void {
  const isTaken = [...files.keys()].some((known) => known.startsWith(`${path}/`) || path.startsWith(`${known}/`));
  if (!isTaken) files.set(path, text);
}

/** The lines that somebody added, by their name. */
export const linesOf = (model: Model, who: string): string[] =>
  [...model.values()].flatMap((text) => text.match(new RegExp(`\\b${who}-\\w+`, 'g')) ?? []);
