import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../helpers/context.js';

const root = join(packageRoot, 'src');
const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .sort();
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

interface Import {
  readonly from: string;
  /** A file of `src`, or the name of a package. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly lazy: boolean;
}

const statement = /^(?:import|export)\s+(type\s)?(?:[^;'"]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;
const imports: Import[] = files.flatMap((from) =>
  [...textOf(from).matchAll(statement)].map(([, typeOnly, plain, lazy]) => {
    const given = plain ?? lazy ?? '';
    const path = relative(root, resolve(root, dirname(from), given))
      .split(sep)
      .join('/');
    return {
      from,
      to: given.startsWith('.') ? path.replace(/\.js$/, '.ts') : given,
      typeOnly: typeOnly !== undefined,
      lazy: lazy !== undefined,
    };
  }),
);
const partOf = (file: string): string => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file);
const shown = ({ from, to }: Import): string => `${from} → ${to}`;
const own = imports.filter(({ to }) => files.includes(to));

/** What each part may import beside itself. Everything may use the errors. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'cli.ts': ['wire', 'commands', 'ui', 'core', 'context.ts'],
  wire: ['commands', 'ui', 'core', 'context.ts'],
  commands: ['engine', 'doctor', 'core', 'adapters', 'ui', 'schema', 'context.ts'],
  doctor: ['engine', 'core', 'adapters', 'ui', 'schema', 'context.ts'],
  engine: ['core', 'adapters', 'ui', 'schema', 'context.ts'],
  adapters: ['core', 'schema', 'context.ts'],
  ui: ['core', 'schema', 'context.ts'],
  core: ['schema'],
  schema: [],
  'context.ts': [],
  'errors.ts': [],
};

it('finds the imports that this test is about', () => {
  expect(own.map(shown)).toContain('core/compose.ts → core/render.ts');
  expect(own.filter(({ lazy }) => lazy).map(({ to }) => to)).toContain('commands/new.ts');
});

it('has no relative import of a file that is not there', () => {
  expect(imports.filter(({ to }) => to.endsWith('.ts') && !files.includes(to)).map(shown)).toEqual([]);
});

describe('a part of the source', () => {
  it.each([...new Set(files.map(partOf))])('%s imports only what stands below it', (part) => {
    const allowed = new Set([part, 'errors.ts', ...(mayImport[part] ?? [])]);
    expect(mayImport).toHaveProperty([part]);
    // What is shown may be described by the part that makes it.
    const described = ({ typeOnly }: Import): boolean => part === 'ui' && typeOnly;
    const wrong = own.filter((i) => partOf(i.from) === part && !allowed.has(partOf(i.to)) && !described(i));
    expect(wrong.map(shown)).toEqual([]);
  });
});

describe('the core', () => {
  const core = files.filter((file) => partOf(file) === 'core');
  /** Node's own modules that compute and touch nothing. */
  const pureModules = ['node:crypto'];

  it('touches neither files nor processes', () => {
    const found = imports.filter(({ from, to }) => core.includes(from) && to.startsWith('node:'));
    expect(found.filter(({ to }) => !pureModules.includes(to)).map(shown)).toEqual([]);
  });

  it('uses no package that does', () => {
    const pure = ['handlebars', 'picomatch', 'semver', 'smol-toml', 'string-argv', 'yaml', 'zod'];
    const packages = imports.filter(({ from, to }) => core.includes(from) && !files.includes(to));
    expect(packages.filter(({ to }) => ![...pure, ...pureModules].includes(to)).map(shown)).toEqual([]);
  });

  it.each(['process', 'console', 'globalThis', 'require', 'fetch', 'setTimeout', 'Date.now', 'Math.random'])(
    'does not use %s',
    (name) => {
      const used = new RegExp(`(?<![\\w.'\`/-])${name.replace('.', '\\.')}\\s*[.(]`);
      const code = (file: string): string => textOf(file).replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*/g, '');
      expect(core.filter((file) => used.test(code(file)))).toEqual([]);
    },
  );
});

it('no file imports itself by way of others', () => {
  const eager = own.filter(({ typeOnly, lazy }) => !typeOnly && !lazy);
  const below = new Map(files.map((file) => [file, eager.filter(({ from }) => from === file).map(({ to }) => to)]));
  const done = new Set<string>();
  const circle = (file: string, above: readonly string[]): readonly string[] | undefined => {
    if (above.includes(file)) return [...above.slice(above.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of below.get(file) ?? []) {
      const found = circle(next, [...above, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  expect(files.flatMap((file) => circle(file, []) ?? [])).toEqual([]);
});

it('commands are imported when they are called', () => {
  const entry = own.filter(({ from, typeOnly }) => ['cli.ts', 'wire'].includes(partOf(from)) && !typeOnly);
  expect(entry.filter(({ to, lazy }) => partOf(to) === 'commands' && !lazy).map(shown)).toEqual([]);
});

it('no file is longer than 300 lines', () => {
  expect(files.filter((file) => textOf(file).split('\n').length > 300)).toEqual([]);
});

it('every file is named in lower case with dashes', () => {
  expect(files.filter((file) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(file))).toEqual([]);
});
