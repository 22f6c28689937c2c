import type {
  BranchNode,
  ChainNode,
  CommandNode,
  Node,
  NumberNode,
  Operand,
  PipeNode,
  RangeNode,
} from './ast.ts';
import { lex, type Token, type TokenType } from './lex.ts';
import { parseNumber } from './number.ts';
import { quote, unquote } from './quote.ts';

/** A template's fault, found before or while it runs; the message is worded as Go words it. */
export class TemplateError extends Error {
  override name = 'TemplateError';
}

export interface Tree {
  readonly name: string;
  /** The name that errors give as place: that of the text in which the tree was defined. */
  readonly source: string;
  readonly text: string;
  readonly root: readonly Node[];
}

/** Deeper nesting of actions or parentheses is refused, so that neither parser nor evaluator runs out of stack. */
const MAX_DEPTH = 200;

/**
 * Parses a template and those it defines.
 * @param hasFunction names that may be called
 * @throws TemplateError `template: NAME:LINE: …`
 */
export function parseTemplate(
  name: string,
  text: string,
  hasFunction: (name: string) => boolean,
): Map<string, Tree> {
  return new Parser(name, text, hasFunction).parse();
}

type End = { readonly kind: 'end' } | { readonly kind: 'else' };

class Parser {
  readonly #name: string;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #hasFunction: (name: string) => boolean;
  readonly #trees = new Map<string, Tree>();
  #next = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #depth = 0;
  #actionLine = 0;

  constructor(name: string, text: string, hasFunction: (name: string) => boolean) {
    this.#name = name;
    this.#text = text;
    this.#tokens = lex(text);
    this.#hasFunction = hasFunction;
  }

  parse(): Map<string, Tree> {
    const root: Node[] = [];
    while (this.#peek().type !== 'eof') {
      if (this.#startsDefinition()) {
        this.#definition();
        continue;
      }
      const node = this.#textOrAction();
      if (node.kind === 'end' || node.kind === 'else') return this.#fail(`unexpected {{${node.kind}}}`);
      root.push(node);
    }
    this.#add(this.#name, root);
    return this.#trees;
  }

  #add(name: string, root: readonly Node[]): void {
    const old = this.#trees.get(name);
    if (old && !isEmpty(old.root)) {
      if (isEmpty(root)) return;
      this.#fail(`template: multiple definition of template ${quote(name)}`);
    }
    this.#trees.set(name, { name, source: this.#name, text: this.#text, root });
  }

  #startsDefinition(): boolean {
    if (this.#peek().type !== 'left') return false;
    let at = this.#next + 1;
    while (this.#tokens[at]?.type === 'space') at++;
    const token = this.#tokens[at];
    return token?.type === 'keyword' && token.text === 'define';
  }

  #definition(): void {
    const context = 'define clause';
    this.#take();
    this.#takeNonSpace();
    const name = this.#templateName(context);
    this.#expect('right', context);
    this.#add(name, this.#body(context));
  }

  /** A template's own list, with variables of its own. */
  #body(context: string): readonly Node[] {
    const outer = { variables: this.#variables, rangeDepth: this.#rangeDepth };
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const [list, end] = this.#list();
    if (end.kind !== 'end') this.#fail(`unexpected {{${end.kind}}} in ${context}`);
    this.#variables = outer.variables;
    this.#rangeDepth = outer.rangeDepth;
    return list;
  }

  #list(): [Node[], End] {
    this.#enter();
    const list: Node[] = [];
    while (this.#peekNonSpace().type !== 'eof') {
      const node = this.#textOrAction();
      if (node.kind === 'end' || node.kind === 'else') {
        this.#depth--;
        return [list, node];
      }
      list.push(node);
    }
    return this.#fail('unexpected EOF');
  }

  #textOrAction(): Node | End {
    const token = this.#takeNonSpace();
    if (token.type === 'text') return { kind: 'text', pos: token.pos, text: token.text };
    if (token.type !== 'left') return this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Node | End {
    const token = this.#peekNonSpace();
    if (token.type !== 'keyword') {
      return { kind: 'action', pos: token.pos, pipe: this.#pipeline('command', 'right') };
    }
    this.#take();
    switch (token.text) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#loopControl(token.text, token.pos);
      case 'else': {
        const following = this.#peekNonSpace();
        const chained = following.type === 'keyword' && /^(?:if|with)$/.test(following.text);
        if (!chained) this.#expect('right', 'else');
        return { kind: 'else' };
      }
      case 'end':
        this.#expect('right', 'end');
        return { kind: 'end' };
      case 'if':
      case 'with':
      case 'range':
        return this.#control(token.text);
      case 'template':
        return this.#template();
      default:
        return this.#unexpected(token, 'command');
    }
  }

  #loopControl(kind: 'break' | 'continue', pos: number): Node {
    const token = this.#takeNonSpace();
    if (token.type !== 'right') this.#unexpected(token, `{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${kind}}} outside {{range}}`);
    return { kind, pos };
  }

  #control(kind: 'if' | 'with' | 'range'): BranchNode | RangeNode {
    const scope = this.#variables.length;
    const pipe = this.#pipeline(kind, 'right');
    if (kind === 'range') this.#rangeDepth++;
    const [list, end] = this.#list();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = end.kind === 'else' ? this.#else(kind) : undefined;
    this.#variables.length = scope;
    return { kind, pos: pipe.pos, pipe, list, otherwise };
  }

  #else(kind: 'if' | 'with' | 'range'): readonly Node[] {
    const token = this.#peekNonSpace();
    // `{{else if x}}…{{end}}` is `{{else}}{{if x}}…{{end}}{{end}}` with one end.
    if (kind !== 'range' && token.type === 'keyword' && token.text === kind) {
      this.#take();
      this.#enter();
      const chained = this.#control(kind);
      this.#depth--;
      return [chained];
    }
    const [list, end] = this.#list();
    if (end.kind !== 'end') this.#fail(`expected end; found {{${end.kind}}}`);
    return list;
  }

  #block(): Node {
    const context = 'block clause';
    const { pos } = this.#peekNonSpace();
    const name = this.#templateName(context);
    const pipe = this.#pipeline(context, 'right');
    this.#add(name, this.#body(context));
    return { kind: 'template', pos, name, pipe };
  }

  #template(): Node {
    const context = 'template clause';
    const { pos } = this.#peekNonSpace();
    const name = this.#templateName(context);
    let pipe: PipeNode | undefined;
    if (this.#peekNonSpace().type === 'right') this.#take();
    else pipe = this.#pipeline(context, 'right');
    return { kind: 'template', pos, name, pipe };
  }

  #templateName(context: string): string {
    const token = this.#takeNonSpace();
    if (token.type !== 'string' && token.type !== 'raw') return this.#unexpected(token, context);
    return this.#unquoted(token);
  }

  #pipeline(context: string, end: TokenType): PipeNode {
    this.#enter();
    const { pos } = this.#peekNonSpace();
    const { declared, isAssign } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#takeNonSpace();
      if (token.type === end) break;
      if (!OPERAND_STARTS.has(token.type)) this.#unexpected(token, context);
      this.#next--;
      commands.push(this.#command());
    }
    this.#checkPipeline(commands, context);
    this.#depth--;
    return { kind: 'pipe', pos, declared, isAssign, commands };
  }

  #declarations(context: string): { declared: string[]; isAssign: boolean } {
    const declared: string[] = [];
    for (;;) {
      const variable = this.#peekNonSpace();
      if (variable.type !== 'variable') return { declared, isAssign: false };
      const before = this.#next;
      this.#take();
      const following = this.#peekNonSpace();
      if (following.type === 'assign' || following.type === 'declare') {
        this.#take();
        declared.push(variable.text);
        this.#variables.push(variable.text);
        return { declared, isAssign: following.type === 'assign' };
      }
      if (following.type !== 'other' || following.text !== ',') {
        this.#next = before;
        return { declared, isAssign: false };
      }
      this.#take();
      declared.push(variable.text);
      this.#variables.push(variable.text);
      if (context !== 'range' || declared.length > 1) this.#fail(`too many declarations in ${context}`);
      if (!['variable', 'right', ')'].includes(this.#peekNonSpace().type)) {
        this.#fail('range can only initialize variables');
      }
    }
  }

  #checkPipeline(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    commands.forEach((command, i) => {
      const kind = command.args[0]?.kind ?? 'nil';
      if (i > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(kind)) {
        this.#fail(`non executable command in pipeline stage ${i + 1}`);
      }
    });
  }

  #command(): CommandNode {
    const { pos } = this.#peekNonSpace();
    const args: Operand[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand) args.push(operand);
      const token = this.#take();
      if (token.type === 'space') continue;
      if (token.type === 'right' || token.type === ')') this.#next--;
      else if (token.type !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (args.length === 0) this.#fail('empty command');
    return { kind: 'command', pos, args };
  }

  #operand(): Operand | undefined {
    const node = this.#term();
    if (!node || this.#peek().type !== 'field') return node;
    const { pos } = this.#peek();
    const path: string[] = [];
    while (this.#peek().type === 'field') path.push(this.#take().text.slice(1));
    if (node.kind === 'field') return { kind: 'field', pos, path: [...node.path, ...path] };
    if (node.kind === 'variable') return { kind: 'variable', pos, name: node.name, path };
    if (node.kind === 'identifier' || node.kind === 'pipe' || node.kind === 'chain') {
      return { kind: 'chain', pos, operand: node, path } satisfies ChainNode;
    }
    return this.#fail(`unexpected . after term ${quote(node.kind === 'dot' ? '.' : node.text)}`);
  }

  #term(): Operand | undefined {
    const token = this.#takeNonSpace();
    const { pos, text } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.#hasFunction(text)) this.#fail(`function ${quote(text)} not defined`);
        return { kind: 'identifier', pos, name: text };
      case 'dot':
        return { kind: 'dot', pos };
      case 'nil':
        return { kind: 'nil', pos, text, value: null };
      case 'bool':
        return { kind: 'bool', pos, text, value: text === 'true' };
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${quote(text)}`);
        return { kind: 'variable', pos, name: text, path: [] };
      case 'field':
        return { kind: 'field', pos, path: [text.slice(1)] };
      case 'number':
      case 'char':
        return this.#number(token);
      case '(':
        return this.#pipeline('parenthesized pipeline', ')');
      case 'string':
      case 'raw':
        return { kind: 'string', pos, text, value: this.#unquoted(token) };
      case 'text':
      case 'left':
      case 'right':
      case 'space':
      case 'keyword':
      case 'pipe':
      case 'assign':
      case 'declare':
      case ')':
      case 'other':
      case 'error':
      case 'eof':
        this.#next--;
        return undefined;
    }
  }

  #number(token: Token): NumberNode {
    const value = parseNumber(token.text);
    if (typeof value === 'string') return this.#fail(value);
    return { kind: 'number', pos: token.pos, text: token.text, ...value };
  }

  #unquoted(token: Token): string {
    return token.type === 'raw'
      ? token.text.slice(1, -1)
      : (unquote(token.text) ?? this.#fail('invalid syntax'));
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) this.#fail(`nested more than ${MAX_DEPTH} deep`);
  }

  #take(): Token {
    const token = this.#tokens[Math.min(this.#next++, this.#tokens.length - 1)];
    return token as Token;
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] as Token;
  }

  #takeNonSpace(): Token {
    this.#peekNonSpace();
    return this.#take();
  }

  #peekNonSpace(): Token {
    while (this.#peek().type === 'space') this.#next++;
    return this.#peek();
  }

  #expect(type: TokenType, context: string): Token {
    const token = this.#takeNonSpace();
    return token.type === type ? token : this.#unexpected(token, context);
  }

  #unexpected(token: Token, context: string): never {
    if (token.type !== 'error') return this.#fail(`unexpected ${shown(token)} in ${context}`, token.line);
    let extra = '';
    if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
      const started = ` started at ${this.#name}:${this.#actionLine}`;
      extra = token.text.endsWith(' action') ? started : ` in action${started}`;
    }
    return this.#fail(token.text + extra, token.line);
  }

  #fail(message: string, line?: number): never {
    const at = line ?? this.#tokens[Math.max(0, Math.min(this.#next, this.#tokens.length) - 1)]?.line ?? 1;
    throw new TemplateError(`template: ${this.#name}:${at}: ${message}`);
  }
}

const OPERAND_STARTS: ReadonlySet<TokenType> = new Set<TokenType>([
  'bool',
  'char',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'raw',
  'string',
  'variable',
  '(',
]);

function shown(token: Token): string {
  if (token.type === 'eof') return 'EOF';
  if (token.type === 'keyword' || token.type === 'dot' || token.type === 'nil') return `<${token.text}>`;
  return token.text.length > 10 ? `${quote(token.text.slice(0, 10))}...` : quote(token.text);
}

/** Whether a template holds nothing but white space: such a definition does not replace another. */
export function isEmpty(root: readonly Node[]): boolean {
  return root.every((node) => node.kind === 'text' && node.text.trim() === '');
}
