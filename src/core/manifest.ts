import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { MlsysError } from '../errors.js';
import { type Manifest, manifest } from '../schema/manifest.js';
import { misfitsOf } from './manifest-rules.js';
import { nearest } from './nearest.js';

export interface ManifestFault {
  readonly line: number;
  readonly message: string;
}

/** Reads a manifest and reports every fault at once, each with the line that it is on. */
export function readManifest(text: string): {
  readonly manifest?: Manifest;
  readonly faults: readonly ManifestFault[];
} {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);
  const syntax = [
    ...document.errors.map((e) => ({ line: lineAt(e.pos[0]), message: e.message.split('\n')[0] ?? '' })),
    ...treacherousNodes(document).map(({ offset, message }) => ({ line: lineAt(offset), message })),
  ];
  if (syntax.length > 0) return { faults: syntax };
  const result = manifest.safeParse(document.toJS());
  const lineOf = (path: readonly PropertyKey[]): number => lineAt(keyNode(document.contents, path)?.range?.[0]);
  if (result.success) {
    const faults = misfitsOf(result.data).map(({ path, message }) => ({ line: lineOf(path), message }));
    return faults.length === 0 ? { manifest: result.data, faults } : { faults };
  }
  const faults = result.error.issues.flatMap((issue) => {
    const where = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        line: lineOf([...issue.path, key]),
        message: `unknown key ${where === '' ? key : `${where}.${key}`}${where === '' ? suggestion(key) : ''}`,
      }));
    }
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [{ line: lineOf(issue.path), message: where === '' ? message : `${where}: ${message}` }];
  });
  return { faults };
}

/** What YAML allows and a manifest must not hold: aliases could grow without end, and objects swallow `__proto__`. */
function treacherousNodes(
  document: Document.Parsed,
): { readonly offset: number | undefined; readonly message: string }[] {
  const found: { offset: number | undefined; message: string }[] = [];
  visit(document, {
    Alias: (_, { source, range }) => {
      found.push({ offset: range?.[0], message: `the alias *${source} is not supported` });
    },
    Pair: (_, { key }) => {
      if (isScalar(key) && key.value === '__proto__')
        found.push({ offset: key.range?.[0], message: '__proto__ is no name' });
    },
  });
  return found;
}

function suggestion(key: string): string {
  const near = nearest(key, Object.keys(manifest.shape));
  return near === undefined ? '' : `, did you mean ${near}?`;
}

/** The node at a path, the key itself where it stands in a map, or the closest one above it. */
function keyNode(root: Node | null, path: readonly PropertyKey[]): Node | null {
  let found: Node | null = root;
  let current: unknown = root;
  for (const step of path) {
    if (isMap(current)) {
      const pair = current.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return found;
      found = pair.key as Node;
      current = pair.value;
    } else if (typeof current === 'object' && current !== null && 'items' in current && Array.isArray(current.items)) {
      current = current.items[Number(step)];
      found = (current as Node | undefined) ?? found;
    }
  }
  return found;
}

export function requireManifest(text: string, where: string): Manifest {
  const { manifest: read, faults } = readManifest(text);
  if (read !== undefined) return read;
  throw new MlsysError('manifest', `${where} is no valid manifest`, {
    details: faults.map((fault) => `${where}:${fault.line}: ${fault.message}`),
    hint: '`mlsys branch lint` lists every fault of a template',
  });
}

/** What a manifest says of the oldest mlsys that can read it, whatever else it holds. */
export function oldestMlsys(text: string): string | undefined {
  const range = parseDocument(text, { logLevel: 'silent' }).getIn(['requires', 'mlsys']);
  return typeof range === 'string' ? range : undefined;
}
