import { MlsysError } from '../errors.js';
import { baseName, type Layer } from './layer.js';
import { pythonKeywords } from './python-names.js';
import { renderText } from './render.js';
import { sortedByPath, type Tree, type TreeFile } from './tree.js';

/** What the skeleton of a branch is filled in with. */
export interface BranchFacts {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** The branch below; empty where that is the base alone. */
  readonly extends: string;
  /** The oldest mlsys that the branch is known to work with. */
  readonly version: string;
}

const longestName = 30;
const longestTitle = 80;
const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** YAML reads the first as a value, and the base of a project has a group and a folder of the others. */
const taken = new Set(['null', 'logging', 'environments']);

/** The name of the branch's Python package and configuration group. */
export const domainOf = (name: string): string => name.replaceAll('-', '_');

const words = (name: string): string => name.replaceAll('-', ' ');
const titleOf = (name: string): string => words(name).replace(/^./, (first) => first.toUpperCase());

export function branchFacts(
  name: string,
  given: { readonly title?: string | undefined; readonly summary?: string | undefined },
  { extends: below, version }: Pick<BranchFacts, 'extends' | 'version'>,
): BranchFacts {
  checkBranchName(name);
  const title = given.title ?? titleOf(name);
  const summary = given.summary ?? `A model for ${words(name)}, with its configuration, command and tests`;
  checkText('title', title, longestTitle);
  checkText('summary', summary, 2 * longestTitle);
  return { name, title, summary, extends: below === baseName ? '' : below, version };
}

export function checkBranchName(name: string): void {
  const refuse = (reason: string): never => {
    throw new MlsysError('name', `${JSON.stringify(name.slice(0, 40))} can't be the name of a branch: ${reason}`, {
      hint: 'for example: credit-risk',
    });
  };
  if (name === baseName) refuse('it is that of the base');
  if (!namePattern.test(name)) refuse('a name is words of a-z and 0-9 joined by "-", and begins with a letter');
  if (name.length > longestName) refuse(`it has ${name.length} characters, at most ${longestName} are allowed`);
  if (pythonKeywords.has(domainOf(name))) refuse('it is a keyword of Python, and names a Python package');
  if (taken.has(name)) refuse('it has a meaning of its own in the files that bear it');
}

function checkText(what: string, text: string, longest: number): void {
  const refuse = (reason: string): never => {
    throw new MlsysError('usage', `the ${what} ${JSON.stringify(text.slice(0, 40))} ${reason}`);
  };
  if (text.trim() === '') refuse('is empty');
  if (/\p{Cc}/u.test(text)) refuse('must be one line of text');
  if (text.includes('{{')) refuse('has "{{", which begins a variable in a template');
  if (text.length > longest) refuse(`has ${text.length} characters, at most ${longest} are allowed`);
}

/** A module or package of a layer below that a branch's own would hide. */
export function hiddenModule(layers: readonly Layer[], name: string): string | undefined {
  const module = `src/{{package_name}}/${domainOf(name)}`;
  for (const { files, folder } of layers) {
    for (const path of files.keys()) {
      if (path.startsWith(`${module}/`) || path.startsWith(`${module}.py`)) return `${folder}/files/${path}`;
    }
  }
  return undefined;
}

const templateEnding = /\.hbs$/;

/**
 * Fills in a skeleton. It is a template of a template: a file that ends in `.hbs` is rendered and loses that ending, and what
 * it must keep for the next time is written `\{{name}}` in it. In paths `{{domain}}` is filled in, and nothing else.
 */
export function fillSkeleton(skeleton: Tree, facts: BranchFacts): Map<string, TreeFile> {
  const data = { ...facts, domain: domainOf(facts.name) };
  const files = [...skeleton].map(([path, file]): [string, TreeFile] => {
    const target = path.replace(templateEnding, '').replaceAll('{{domain}}', data.domain);
    if (!templateEnding.test(path)) return [target, file];
    const text = renderText(Buffer.from(file.bytes).toString('utf8'), data, path, { keepsBraces: true });
    return [target, { ...file, bytes: Buffer.from(text) }];
  });
  return sortedByPath(files);
}
