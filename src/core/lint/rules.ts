import picomatch from 'picomatch';
import { MlsysError } from '../../errors.js';
import { composedNames, type Manifest } from '../../schema/manifest.js';
import { parseExpression } from '../expression.js';
import { baseName } from '../layer.js';
import { didYouMean } from '../nearest.js';
import { withParts } from '../parts.js';
import { linkFault, pathCollisions, pathFault } from '../paths.js';
import { namesIn } from '../render.js';
import { barePath, type Fault, inManifest, type LintLayer, lineOf, type Rule, stackOf } from './faults.js';

const fileOf = (layer: LintLayer, path: string): string => `${layer.folder}/files/${path}`;
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Two branches with one name or alias; a branch that extends one that isn't there. */
export const branchNamesAreUnique: Rule = function* ({ layers }) {
  const owners = new Map<string, LintLayer>();
  for (const layer of layers) {
    for (const name of [layer.manifest.name, ...layer.manifest.aliases]) {
      const owner = owners.get(name);
      if (owner !== undefined) yield inManifest(layer, name, `the name ${name} belongs to ${owner.folder} already`);
      owners.set(name, layer);
    }
  }
  for (const layer of layers) {
    for (const name of layer.manifest.extends) {
      if (name !== baseName && !owners.has(name)) {
        yield inManifest(layer, name, `extends ${name}, which is not there: ${didYouMean(name, [...owners.keys()])}`);
      }
    }
  }
};

export const folderHasTheBranchName: Rule = function* ({ layers, base }) {
  for (const layer of layers) {
    const folder = layer.folder.split('/').at(-1);
    if (layer !== base && folder !== layer.manifest.name) {
      yield inManifest(layer, 'name', `the branch is named ${layer.manifest.name}, its folder ${folder}`);
    }
  }
};

/** Paths that leave the root, and paths that can't exist beside each other. */
export const pathsStayInside: Rule = function* ({ layers }) {
  for (const layer of layers) {
    for (const [path, { mode, bytes }] of layer.files) {
      const fault = pathFault(barePath(path)) ?? (mode === '120000' ? linkFault(path, textOf(bytes)) : undefined);
      if (fault !== undefined) yield { file: fileOf(layer, path), line: 1, message: `the path ${fault}` };
    }
    for (const [a, b] of pathCollisions([...layer.files.keys()].map(barePath))) {
      yield { file: fileOf(layer, b), line: 1, message: `can't exist beside ${a} where case is ignored` };
    }
  }
};

/** A layer adds files, it never replaces one of another layer. */
export const layersDoNotOverlap: Rule = function* ({ layers, base }) {
  const owners = new Map<string, LintLayer>();
  for (const layer of new Set([base, ...layers])) {
    for (const path of layer.files.keys()) {
      const owner = owners.get(barePath(path));
      if (owner !== undefined && owner !== layer) {
        yield { file: fileOf(layer, path), line: 1, message: `${owner.folder} has a file of this path already` };
      }
      owners.set(barePath(path), layer);
    }
  }
};

/** Names in templates, paths and conditions that no answer gives. */
export const namesAreKnown: Rule = function* (subject) {
  for (const layer of subject.layers) {
    const questions = stackOf(subject, layer).flatMap((below) => Object.keys(below.manifest.questions));
    const known = new Set<string>([...composedNames, ...questions]);
    const unknown = (file: string, names: Iterable<readonly [string, number]>): Fault[] =>
      [...names]
        .filter(([name]) => !known.has(name))
        .map(([name, line]) => ({
          file,
          line,
          message: `no answer is named ${name}: ${didYouMean(name, [...known])}`,
        }));
    for (const [path, { bytes }] of layer.files) {
      yield* unknown(fileOf(layer, path), tryNames(barePath(path)));
      if (path.endsWith('.hbs')) yield* unknown(fileOf(layer, path), tryNames(textOf(bytes)));
    }
    for (const condition of conditionsOf(layer)) {
      const { names, branches, fault } = readCondition(condition);
      if (fault !== undefined) yield inManifest(layer, condition, fault);
      const there = subject.layers.map(({ manifest }) => manifest.name);
      for (const branch of branches.filter((name) => !there.includes(name))) {
        yield inManifest(layer, condition, `no branch is named ${branch}: ${didYouMean(branch, there)}`);
      }
      const line = lineOf(layer.manifestText, condition);
      yield* unknown(
        layer.manifestFile,
        names.map((name) => [name, line] as const),
      );
    }
  }
};

const withAllParts = ({ manifest }: LintLayer): Manifest => withParts(manifest, () => true);

const conditionsOf = ({ manifest }: LintLayer): string[] => [
  ...manifest.when.map((rule) => rule.if),
  ...manifest.parts.map((part) => part.if),
  ...manifest.python.indexes.flatMap((index) => index.if ?? []),
  ...manifest.requires.answers,
];

interface Condition {
  readonly names: readonly string[];
  readonly branches: readonly string[];
  readonly fault?: string;
}

function readCondition(condition: string): Condition {
  try {
    return parseExpression(condition);
  } catch (error) {
    if (error instanceof MlsysError) return { names: [], branches: [], fault: error.message };
    throw error;
  }
}

/** The names in a template; none where it can't be parsed, which rendering reports with its line. */
function tryNames(text: string): ReadonlyMap<string, number> {
  try {
    return text.includes('{{') ? namesIn(text) : new Map();
  } catch {
    return new Map();
  }
}

/** A question whose answer changes nothing. */
export const questionsAreUsed: Rule = function* (subject) {
  for (const layer of subject.layers) {
    const users = [...new Set([subject.base, ...subject.layers])];
    for (const [name, question] of Object.entries(layer.manifest.questions)) {
      const used = question.secret || users.some((user) => uses(user, name));
      if (!used) yield inManifest(layer, `${name}:`, `nothing uses the answer ${name}`);
    }
  }
};

function uses(layer: LintLayer, name: string): boolean {
  const inText = (text: string): boolean => tryNames(text).has(name);
  return (
    conditionsOf(layer).some((condition) => readCondition(condition).names.includes(name)) ||
    inText(JSON.stringify(withAllParts(layer).tasks).replaceAll('\\"', '"')) ||
    inText(layer.readme?.text ?? '') ||
    [...layer.files].some(
      ([path, { bytes }]) => inText(barePath(path)) || (path.endsWith('.hbs') && inText(textOf(bytes))),
    )
  );
}

/** A pattern that matches no file is a file that was renamed, or a typing error. */
export const globsMatch: Rule = function* ({ layers }) {
  for (const layer of layers) {
    // Braces are a picomatch list, so a name in a path is put in plain.
    const flat = (path: string): string => path.replace(/\{\{\s*(\w+)\s*\}\}/g, '$1');
    const paths = [...layer.files.keys()].map((path) => flat(barePath(path)));
    for (const glob of [...withAllParts(layer).when.flatMap((rule) => rule.files), ...layer.manifest.once]) {
      const matches = picomatch(flat(glob), { dot: true });
      if (!paths.some((path) => matches(path))) yield inManifest(layer, glob, `${glob} matches no file`);
    }
  }
};

/** Files that a manifest names must be there. */
export const namedFilesExist: Rule = function* ({ layers }) {
  for (const layer of layers) {
    const { docs, plugins } = withAllParts(layer);
    if (layer.readme !== undefined && layer.readme.text === undefined) {
      yield inManifest(layer, layer.readme.path, `${layer.readme.path} is not there`);
    }
    const paths = new Set([...layer.files.keys()].map(barePath));
    for (const { path } of docs.pages) if (!paths.has(path)) yield inManifest(layer, path, `${path} is not there`);
    for (const target of Object.values(plugins).flatMap((entries) => Object.values(entries))) {
      if (!target.startsWith('.')) continue;
      const module = `src/{{package_name}}${target.slice(0, target.indexOf(':')).replaceAll('.', '/')}`;
      if (!paths.has(`${module}.py`) && !paths.has(`${module}/__init__.py`)) {
        yield inManifest(layer, target, `the plugin ${target} has no module ${module}.py`);
      }
    }
  }
};

export const stepsAreTasks: Rule = function* (subject) {
  for (const layer of subject.layers) {
    const tasks = stackOf(subject, layer).flatMap((below) =>
      Object.keys(withAllParts(below).tasks).flatMap((name) => [name, `${name}-${below.manifest.name}`]),
    );
    for (const [name, task] of Object.entries(withAllParts(layer).tasks)) {
      for (const step of task.steps ?? []) {
        if (!tasks.includes(step))
          yield inManifest(
            layer,
            `${name}:`,
            `the task ${name} has the step ${step}, which is no task: ${didYouMean(step, tasks)}`,
          );
      }
    }
  }
};
