import Handlebars from 'handlebars';
import { MlsysError } from '../errors.js';
import { dnsNameOf } from './names.js';
import * as quote from './quote.js';

/** Helpers that turn a value into text. `raw` stands behind every plain `{{name}}`. */
const quoting: Record<string, (text: string) => string> = {
  json: quote.json,
  toml: quote.toml,
  yaml: quote.yaml,
  py: quote.py,
  sh: quote.sh,
  make: quote.make,
  md: quote.md,
  line: quote.line,
};
const blocks = ['each', 'if', 'unless'];
const printing = [...Object.keys(quoting), 'dns', 'upper'];
const helperNames = [...printing, ...blocks, 'raw', 'eq'];
/** Values that mlsys rendered before, as Markdown: the only ones that `{{{…}}}` may print. */
const preRendered = ['readme'];
/** Words with a meaning of their own in templates; no answer can have one of them as its name. */
export const templateWords: readonly string[] = [
  ...helperNames,
  ...preRendered,
  'this',
  'else',
  'lookup',
  'log',
  'with',
];

type Location = hbs.AST.SourceLocation | undefined;
/** What a helper is told of its place; the type that Handlebars ships leaves `loc` out. */
type Options = Handlebars.HelperOptions & { readonly loc?: hbs.AST.SourceLocation };

const environment = Handlebars.create();
for (const [name, apply] of Object.entries(quoting)) {
  environment.registerHelper(name, (value: unknown, { loc }: Options) => apply(asText(value, loc)));
}
environment.registerHelper('raw', (value: unknown, { loc }: Options) => plain(value, loc));
environment.registerHelper('dns', (value: unknown, { loc }: Options) => dnsNameOf(asText(value, loc)));
environment.registerHelper('upper', (value: unknown, { loc }: Options) => plain(value, loc).toUpperCase());
environment.registerHelper('eq', (a: unknown, b: unknown, { loc }: Options) => known(a, loc) === known(b, loc));
// Handlebars' strict mode leaves out what stands behind a helper or a block.
for (const name of blocks) {
  const block = environment.helpers[name] as Handlebars.HelperDelegate;
  environment.registerHelper(name, function (this: unknown, value: unknown, options: Options) {
    return block.call(this, known(value, options.loc), options);
  });
}

const fault = (loc: Location, message: string): Error =>
  new Error(loc === undefined ? message : `line ${loc.start.line}: ${message}`);

function known(value: unknown, loc: Location): unknown {
  if (value === undefined) throw fault(loc, 'a name is unknown');
  return value;
}

function asText(value: unknown, loc: Location): string {
  known(value, loc);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw fault(loc, 'a list or an object is printed as text');
}

/** Text that needs no quoting in any of the languages. */
function plain(value: unknown, loc: Location): string {
  const text = asText(value, loc);
  if (!/^[A-Za-z0-9_][A-Za-z0-9 _.+/@-]*$/.test(text)) {
    throw fault(
      loc,
      `${JSON.stringify(text.slice(0, 60))} needs quoting: print it with ${Object.keys(quoting).join(', ')}`,
    );
  }
  return text;
}

/** Handlebars brings helpers of its own, which would print without quoting or write to the terminal. */
function requireOneValue(
  { params, hash, loc }: Pick<hbs.AST.SubExpression, 'params' | 'hash' | 'loc'>,
  name: string,
): void {
  if (!printing.includes(name)) throw fault(loc, `${name} is no helper; there are ${printing.join(', ')}`);
  if (params.length !== 1 || hash !== undefined) throw fault(loc, `${name} takes one value`);
}

/** Holds templates to the small part of Handlebars that is data, and puts `raw` behind every plain name. */
class Restrict extends Handlebars.Visitor {
  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    const name = (node.path as hbs.AST.PathExpression).original;
    if (!node.escaped && !preRendered.includes(name))
      throw fault(node.loc, `{{{${name}}}} prints a value without quoting`);
    if (node.params.length > 0 || node.hash !== undefined) requireOneValue(node, name);
    else if (node.escaped) {
      if (printing.includes(name)) throw fault(node.loc, `{{${name}}} needs a value`);
      node.params = [node.path];
      node.path = {
        ...(node.path as hbs.AST.PathExpression),
        original: 'raw',
        parts: ['raw'],
        depth: 0,
        data: false,
      } as hbs.AST.PathExpression;
    }
    super.MustacheStatement(node);
  }

  override SubExpression(node: hbs.AST.SubExpression): void {
    const name = (node.path as hbs.AST.PathExpression).original;
    if (name !== 'eq') requireOneValue(node, name);
    else if (node.params.length !== 2) throw fault(node.loc, 'eq compares two values');
    super.SubExpression(node);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    const name = (node.path as hbs.AST.PathExpression).original;
    if (!blocks.includes(name)) throw fault(node.loc, `{{#${name}}} is not one of ${blocks.join(', ')}`);
    super.BlockStatement(node);
  }

  override PartialStatement(node: hbs.AST.PartialStatement): void {
    throw fault(node.loc, 'partials are not supported');
  }
  override PartialBlockStatement(node: hbs.AST.PartialBlockStatement): void {
    throw fault(node.loc, 'partials are not supported');
  }
  override Decorator(node: hbs.AST.Decorator): void {
    throw fault(node.loc, 'decorators are not supported');
  }
  override DecoratorBlock(node: hbs.AST.DecoratorBlock): void {
    throw fault(node.loc, 'decorators are not supported');
  }
}

/** Every name that a template reads, outside of what `each` opens, and the line of its first use. */
class Names extends Handlebars.Visitor {
  readonly found = new Map<string, number>();
  #depth = 0;
  override BlockStatement(node: hbs.AST.BlockStatement): void {
    const opens = (node.path as hbs.AST.PathExpression).original === 'each';
    for (const param of node.params) this.accept(param);
    if (opens) this.#depth++;
    this.accept(node.program);
    if (opens) this.#depth--;
    if (node.inverse) this.accept(node.inverse);
  }
  override PathExpression(node: hbs.AST.PathExpression): void {
    const [name] = node.parts;
    if (typeof name !== 'string' || node.data) return;
    const outside = this.#depth === 0 || node.depth === this.#depth;
    if (outside && !this.found.has(name)) this.found.set(name, node.loc.start.line);
  }
}

export function namesIn(template: string | hbs.AST.Program): ReadonlyMap<string, number> {
  const names = new Names();
  names.accept(typeof template === 'string' ? Handlebars.parse(template) : template);
  for (const helper of helperNames) names.found.delete(helper);
  return names.found;
}

export interface RenderOptions {
  /** The skeleton of a template keeps braces for its own rendering. */
  readonly keepsBraces?: boolean;
  /** Told the parsed template before it is filled, which it may mark. */
  readonly mark?: (program: hbs.AST.Program) => void;
}

/**
 * Renders one template, strictly: an unknown name, a value that needs quoting where there is none, and a `{{` that is
 * left over are errors. `where` names the template in them.
 */
export function renderText(
  text: string,
  data: object,
  where: string,
  { keepsBraces = false, mark }: RenderOptions = {},
): string {
  if (!text.includes('{{')) return text;
  if (mark === undefined && hasOnlyNames(text)) return fillNames(text, data, where);
  try {
    const ast = Handlebars.parse(text);
    const names = namesIn(ast);
    new Restrict().accept(ast);
    for (const [name, line] of names) {
      if (!Object.hasOwn(data, name)) throw new Error(`line ${line}: no answer is named ${name}`);
    }
    mark?.(ast);
    const helpers = Object.fromEntries(helperNames.map((name) => [name, true]));
    const template = environment.compile(ast, {
      strict: true,
      noEscape: true,
      knownHelpers: helpers,
      knownHelpersOnly: true,
    });
    const output = template(data);
    if (!keepsBraces && /(?<!\$)\{\{/.test(output)) throw leftOver(text);
    return output;
  } catch (error) {
    throw renderError(error, where);
  }
}

function leftOver(template: string): Error {
  const [before, escaped] = template.split(/(?<!\$)\\\{\{/, 2);
  const line = escaped === undefined ? '' : `line ${before?.split('\n').length}: `;
  return new Error(`${line}"{{" is left in the output`);
}

/** Most templates hold nothing but `{{name}}`: those need no compiler, which would take most of the time of `new`. */
const hasOnlyNames = (text: string): boolean => !/\\\{\{|\{\{(?!\w+\}\}(?!\}))/.test(text);

/** Fills `{{name}}`, and nothing else, as the compiler would. Paths and patterns of paths hold no more than that. */
export function fillNames(text: string, data: object, where: string): string {
  const filled = text.replace(/\{\{(.*?)\}\}/g, (_, name: string, offset: number) => {
    try {
      const value = Object.entries(data).find(([key]) => key === name);
      if (value === undefined) throw new Error(`no answer is named ${name}`);
      return plain(value[1], undefined);
    } catch (error) {
      const line = text.slice(0, offset).split('\n').length;
      throw renderError(error, text.includes('\n') ? `${where}: line ${line}` : where);
    }
  });
  if (filled.includes('{{')) throw renderError(new Error('"{{" is left in it'), where);
  return filled;
}

/** Handlebars puts its line last, or into words. */
function renderError(error: unknown, where: string): MlsysError {
  const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const reason = said
    .replace(/^Parse error on line (\d+):$/, "line $1: Handlebars can't parse it")
    .replace(/^(.*) - (\d+):\d+$/, 'line $2: $1');
  return new MlsysError('render', `${where}: ${reason}`, {
    hint: '`mlsys branch lint` lists every fault of a template',
    cause: error,
  });
}
