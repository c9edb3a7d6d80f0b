import { renderText } from '../render.js';

/** A run of rendered text, and the place in the template that it came from. Inside `each` one place gives many. */
export interface Piece {
  /** In the rendered text. */
  readonly start: number;
  readonly end: number;
  /** In the template: the text itself, or the whole `{{…}}`. */
  readonly from: number;
  readonly to: number;
  /** What is printed is the value of an expression. */
  readonly isValue: boolean;
  /** The template has a backslash before it, so that its braces are text. */
  readonly isEscaped: boolean;
  /** The blocks around it, the outermost first. */
  readonly blocks: readonly Block[];
}

export interface Block {
  readonly id: number;
  readonly kind: string;
  /** What it is about: `dependencies` in `{{#each dependencies}}`. */
  readonly subject: string;
}

type Origin = Omit<Piece, 'start' | 'end'>;

interface Content extends hbs.AST.Statement {
  readonly type: 'ContentStatement';
  readonly value: string;
  readonly original: string;
}

const isContent = (node: hbs.AST.Statement): node is Content => node.type === 'ContentStatement';
const isBlock = (node: hbs.AST.Statement): node is hbs.AST.BlockStatement => node.type === 'BlockStatement';

const [open, close] = ['\uE000', '\uE001'];

/** Renders a template and says where each run of its output came from; `undefined` where that can't be told. */
export function piecesOf(template: string, data: object, where: string): readonly Piece[] | undefined {
  const whole = { from: 0, to: template.length, isValue: false, isEscaped: false, blocks: [] };
  if (!template.includes('{{')) return template === '' ? [] : [{ ...whole, start: 0, end: template.length }];
  if (template.includes(open)) return undefined;
  const marks = new Marks(template);
  const output = renderText(template, data, where, { keepsBraces: true, mark: (program) => marks.put(program, []) });
  return marks.isSure ? split(output, marks.origins) : undefined;
}

function split(output: string, origins: readonly Origin[]): readonly Piece[] | undefined {
  const [before, ...parts] = output.split(open);
  if (before !== '') return undefined;
  const pieces: Piece[] = [];
  let at = 0;
  for (const part of parts) {
    const end = part.indexOf(close);
    const origin = origins[Number(part.slice(0, end))];
    if (origin === undefined) return undefined;
    const length = part.length - end - 1;
    if (length > 0) pieces.push({ ...origin, start: at, end: at + length });
    at += length;
  }
  return pieces;
}

/** Puts a mark with the number of its origin before every statement of a parsed template. */
class Marks {
  readonly origins: Origin[] = [];
  isSure = true;
  readonly #lines: readonly number[];
  #blocks = 0;

  constructor(readonly template: string) {
    const starts = [0];
    for (let at = template.indexOf('\n'); at >= 0; at = template.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lines = starts;
  }

  put(program: hbs.AST.Program, blocks: readonly Block[]): void {
    program.body = program.body.flatMap((node): hbs.AST.Statement[] => {
      if (isBlock(node)) {
        const subject = node.params.map((param) => this.#textOf(param.loc)).join(' ');
        const kind = this.#textOf(node.path.loc);
        const block = { id: this.#blocks++, kind, subject };
        if (node.program) this.put(node.program, [...blocks, block]);
        if (node.inverse) this.put(node.inverse, [...blocks, { ...block, kind: 'else' }]);
        return [node];
      }
      if (isContent(node)) this.origins.push(this.#originOf(node, blocks));
      else {
        const [from, to] = [this.#offset(node.loc.start), this.#offset(node.loc.end)];
        this.origins.push({ from, to, isValue: true, isEscaped: false, blocks });
      }
      const value = `${open}${this.origins.length - 1}${close}`;
      const mark: Content = { type: 'ContentStatement', loc: node.loc, value, original: value };
      return [mark, node];
    });
  }

  /** Handlebars takes the ends off the text beside tags that stand on lines of their own. */
  #originOf({ loc, value, original }: Content, blocks: readonly Block[]): Origin {
    const at = this.#offset(loc.start);
    const skipped = [/^/, /^[ \t]*\r?\n?/, /^\s+/].map((end) => end.exec(original)?.[0].length ?? 0);
    const lead = skipped.find((length) => {
      const rest = original.slice(length);
      return [rest, rest.replace(/[ \t]+$/, ''), rest.trimEnd()].includes(value);
    });
    if (lead === undefined || !this.template.startsWith(original, at)) this.isSure = false;
    const from = at + (lead ?? 0);
    const isEscaped = lead === 0 && value.startsWith('{{') && this.template[at - 1] === '\\';
    return { from, to: from + value.length, isValue: false, isEscaped, blocks };
  }

  #offset({ line, column }: hbs.AST.Position): number {
    return (this.#lines[line - 1] ?? 0) + column;
  }

  #textOf({ start, end }: hbs.AST.SourceLocation): string {
    return this.template.slice(this.#offset(start), this.#offset(end));
  }
}
