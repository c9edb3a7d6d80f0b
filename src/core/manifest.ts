import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { MlsysError } from '../errors.js';
import { type Manifest, manifest } from '../schema/manifest.js';
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
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map((e) => ({
        line: lines.linePos(e.pos[0]).line,
        message: e.message.split('\n')[0] ?? '',
      })),
    };
  }
  const result = manifest.safeParse(document.toJS());
  if (result.success) return { manifest: result.data, faults: [] };
  const lineOf = (path: readonly PropertyKey[]): number => {
    const node = keyNode(document.contents, path);
    return node?.range ? lines.linePos(node.range[0]).line : 1;
  };
  const faults = result.error.issues.flatMap((issue) => {
    const where = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        line: lineOf([...issue.path, key]),
        message: `unknown key ${where === '' ? key : `${where}.${key}`}${suggestion(key)}`,
      }));
    }
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [{ line: lineOf(issue.path), message: where === '' ? message : `${where}: ${message}` }];
  });
  return { faults };
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
