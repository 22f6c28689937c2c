import {
  printNode,
  type CommandNode,
  type IdentifierNode,
  type Node,
  type Operand,
  type PipeNode,
  type RangeNode,
} from './syntax/ast.ts';
import { Budget, Pending, type Execution } from './execution.ts';
import { checkArgument, literalArgument, paramName } from './params.ts';
import { TemplateError, type Tree } from './syntax/parse.ts';
import { quote } from './syntax/quote.ts';
import {
  intOf,
  kindOf,
  member,
  methodParams,
  printValue,
  sortedEntries,
  StringMap,
  truth,
  typeName,
  type GoFunc,
  type GoValue,
  type ParamType,
} from './values.ts';

/** Runs a tree. @throws TemplateError in Go's words */
export function run(execution: Execution, tree: Tree, data: GoValue): string {
  new Evaluator(execution, tree, new Budget(execution.limits), 0, data).run();
  return execution.sink.end();
}

/** What evaluating a command's last argument gave, where it came through the pipe. */
const MISSING = Symbol('missing');

interface Variable {
  readonly name: string;
  value: GoValue;
}

class LoopExit {
  readonly kind: 'break' | 'continue';
  constructor(kind: 'break' | 'continue') {
    this.kind = kind;
  }
}

const BREAK = new LoopExit('break');
const CONTINUE = new LoopExit('continue');

type Position = Node | Operand | CommandNode;

class Evaluator {
  readonly #execution: Execution;
  readonly #tree: Tree;
  readonly #budget: Budget;
  readonly #depth: number;
  readonly #data: GoValue;
  readonly #variables: Variable[];
  #at: Position | undefined;

  constructor(execution: Execution, tree: Tree, budget: Budget, depth: number, data: GoValue) {
    this.#execution = execution;
    this.#tree = tree;
    this.#budget = budget;
    this.#depth = depth;
    this.#data = data;
    this.#variables = [{ name: '$', value: data }];
  }

  run(): void {
    this.#walkList(this.#data, this.#tree.root);
  }

  /** @returns the loop exit that a `break` or `continue` asked for */
  #walkList(dot: GoValue, nodes: readonly Node[]): LoopExit | undefined {
    for (const node of nodes) {
      const exit = this.#walk(dot, node);
      if (exit) return exit;
    }
    return undefined;
  }

  #walk(dot: GoValue, node: Node): LoopExit | undefined {
    this.#visit(node);
    switch (node.kind) {
      case 'text':
        this.#execution.sink.text(node.text);
        this.#checkOutput();
        return undefined;
      case 'action': {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.declared.length === 0) this.#print(value, node.pipe, node);
        return undefined;
      }
      case 'if':
      case 'with': {
        const scope = this.#variables.length;
        const value = this.#pipeline(dot, node.pipe);
        const inner = node.kind === 'with' ? value : dot;
        const exit = truth(value)
          ? this.#walkList(inner, node.list)
          : this.#walkList(dot, node.otherwise ?? []);
        this.#variables.length = scope;
        return exit;
      }
      case 'range':
        return this.#range(dot, node);
      case 'template': {
        const tree = this.#execution.trees.get(node.name);
        if (!tree) this.#fail(`template ${quote(node.name)} not defined`);
        if (this.#depth >= this.#execution.limits.maxDepth) {
          this.#fail(`exceeded maximum template depth (${this.#execution.limits.maxDepth})`);
        }
        const inner = node.pipe ? this.#pipeline(dot, node.pipe) : undefined;
        new Evaluator(this.#execution, tree as Tree, this.#budget, this.#depth + 1, inner).run();
        return undefined;
      }
      case 'break':
        return BREAK;
      case 'continue':
        return CONTINUE;
    }
  }

  #range(dot: GoValue, node: RangeNode): LoopExit | undefined {
    const scope = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    const inside = this.#variables.length;
    let iterations = 0;
    if (kindOf(value) === 'int' && node.pipe.declared.length > 1) {
      this.#fail(`can't use ${printValue(value)} to iterate over more than one variable`);
    }
    for (const [index, item] of this.#iterate(value)) {
      iterations++;
      this.#visit(node);
      this.#setLoopVariables(node.pipe, index, item, inside);
      const exit = this.#walkList(item, node.list);
      this.#variables.length = inside;
      if (exit === BREAK) break;
    }
    const exit = iterations === 0 ? this.#walkList(dot, node.otherwise ?? []) : undefined;
    this.#variables.length = scope;
    return exit;
  }

  #setLoopVariables(pipe: PipeNode, index: GoValue, item: GoValue, top: number): void {
    const { declared, isAssign } = pipe;
    const values = declared.length > 1 ? [index, item] : [item];
    declared.forEach((name, i) => {
      if (isAssign) this.#assign(name, values[i]);
      else (this.#variables[top - declared.length + i] as Variable).value = values[i];
    });
  }

  *#iterate(value: GoValue): Iterable<readonly [GoValue, GoValue]> {
    switch (kindOf(value)) {
      case 'slice': {
        let i = 0n;
        for (const item of value as readonly unknown[]) yield [i++, item];
        return;
      }
      case 'map':
        yield* sortedEntries(value as ReadonlyMap<unknown, unknown>);
        return;
      case 'int':
        for (let i = 0n; i < intOf(value); i++) yield [i, i];
        return;
      case 'invalid':
        return;
      case 'bool':
      case 'float':
      case 'string':
      case 'struct':
      case 'func':
        this.#fail(`range can't iterate over ${printValue(value)}`);
    }
  }

  #pipeline(dot: GoValue, pipe: PipeNode): GoValue {
    this.#visit(pipe);
    let value: GoValue = MISSING;
    for (const command of pipe.commands) value = this.#command(dot, command, value);
    for (const name of pipe.declared) {
      if (pipe.isAssign) this.#assign(name, value);
      else this.#variables.push({ name, value });
    }
    return value;
  }

  #assign(name: string, value: GoValue): void {
    const variable = this.#variables.findLast((each) => each.name === name);
    if (!variable) this.#fail(`undefined variable: ${name}`);
    else variable.value = value;
  }

  #command(dot: GoValue, command: CommandNode, final: GoValue): GoValue {
    const [first, ...args] = command.args as [Operand, ...Operand[]];
    switch (first.kind) {
      case 'field':
        this.#visit(first);
        return this.#fields(dot, dot, first.path, first, args, final);
      case 'chain':
        return this.#chain(dot, first, args, final);
      case 'identifier':
        return this.#function(dot, first, command, args, final);
      case 'variable':
        return this.#variable(dot, first, args, final);
      case 'pipe':
        this.#notAFunction(command, final);
        return this.#pipeline(dot, first);
      case 'dot':
      case 'nil':
      case 'bool':
      case 'number':
      case 'string':
        this.#visit(first);
        this.#notAFunction(command, final);
        if (first.kind === 'nil') this.#fail('nil is not a command');
        return this.#constant(dot, first);
    }
  }

  #notAFunction(command: CommandNode, final: GoValue): void {
    if (command.args.length > 1 || final !== MISSING) {
      this.#fail(`can't give argument to non-function ${printNode(command.args[0] as Operand)}`);
    }
  }

  #constant(dot: GoValue, node: Operand): GoValue {
    if (node.kind === 'dot') return dot;
    if (node.kind === 'string' || node.kind === 'bool') return node.value;
    if (node.kind !== 'number') return null;
    if (node.ideal === 'float') return node.float;
    if (node.int === undefined || node.int > 0x7fff_ffff_ffff_ffffn) this.#fail(`${node.text} overflows int`);
    return node.int;
  }

  #variable(
    dot: GoValue,
    node: Operand & { kind: 'variable' },
    args: readonly Operand[],
    final: GoValue,
  ): GoValue {
    this.#visit(node);
    const variable = this.#variables.findLast((each) => each.name === node.name);
    if (!variable) this.#fail(`undefined variable: ${node.name}`);
    const { value } = variable as Variable;
    if (node.path.length > 0) return this.#fields(dot, value, node.path, node, args, final);
    if (args.length > 0 || final !== MISSING) this.#fail(`can't give argument to non-function ${node.name}`);
    return value;
  }

  #chain(dot: GoValue, node: Operand & { kind: 'chain' }, args: readonly Operand[], final: GoValue): GoValue {
    this.#visit(node);
    if (node.operand.kind === 'nil') this.#fail(`indirection through explicit nil in ${printNode(node)}`);
    const value = this.#argument(dot, 'any', node.operand);
    return this.#fields(dot, value, node.path, node, args, final);
  }

  /** Follows names; only the last may be a method with arguments. */
  #fields(
    dot: GoValue,
    start: GoValue,
    path: readonly string[],
    node: Operand,
    args: readonly Operand[],
    final: GoValue,
  ): GoValue {
    let value = start;
    path.forEach((name, i) => {
      const last = i === path.length - 1;
      value = this.#field(dot, value, name, node, last ? args : [], last ? final : MISSING);
    });
    return value;
  }

  #field(
    dot: GoValue,
    receiver: GoValue,
    name: string,
    node: Operand,
    args: readonly Operand[],
    final: GoValue,
  ): GoValue {
    if (receiver === undefined) {
      if (this.#execution.missingKey === 'error') this.#fail(`nil data; no entry for key ${quote(name)}`);
      return undefined;
    }
    if (receiver === null) return this.#fail(`nil pointer evaluating interface {}.${name}`);
    const hasArgs = args.length > 0 || final !== MISSING;
    if (typeof receiver === 'object') {
      const { found, value } = member(receiver, name);
      if (found && typeof value === 'function') {
        const values = this.#methodArguments(dot, name, methodParams(receiver, name, value), args, final);
        return this.#invoke(name, node, () =>
          (value as (...args: GoValue[]) => GoValue).apply(receiver, values),
        );
      }
      if (found) {
        if (hasArgs) this.#fail(`${name} has arguments but cannot be invoked as function`);
        return value;
      }
    }
    if (receiver instanceof Map) {
      if (hasArgs) this.#fail(`${name} is not a method but has arguments`);
      return this.#mapEntry(receiver, name);
    }
    return this.#fail(`can't evaluate field ${name} in type ${typeName(receiver)}`);
  }

  #methodArguments(
    dot: GoValue,
    name: string,
    params: readonly ParamType[],
    args: readonly Operand[],
    final: GoValue,
  ): GoValue[] {
    const count = args.length + (final === MISSING ? 0 : 1);
    if (count !== params.length) {
      this.#fail(`wrong number of args for ${name}: want ${params.length} got ${count}`);
    }
    const values = args.map((arg, i) => this.#argument(dot, params[i] ?? 'any', arg));
    return final === MISSING ? values : [...values, this.#checked(final, params.at(-1) ?? 'any')];
  }

  #mapEntry(map: Map<unknown, unknown>, name: string): GoValue {
    // A nil in a map[string]any is no missing value: following it further is an error.
    if (map.has(name)) return map.get(name) ?? null;
    if (this.#execution.missingKey === 'error') this.#fail(`map has no entry for key ${quote(name)}`);
    if (this.#execution.missingKey === 'default') return undefined;
    return map instanceof StringMap ? '' : null;
  }

  #function(
    dot: GoValue,
    node: IdentifierNode,
    command: Position,
    args: readonly Operand[],
    final: GoValue,
  ): GoValue {
    this.#visit(node);
    const { name } = node;
    const func = this.#execution.funcs[name];
    if (!func) return this.#fail(`${quote(name)} is not a defined function`);
    const count = args.length + (final === MISSING ? 0 : 1);
    const fixed = func.variadic ? func.params.length - 1 : func.params.length;
    if (func.variadic ? count < fixed : count !== fixed) {
      const want = func.variadic ? `at least ${fixed}` : String(fixed);
      this.#fail(`wrong number of args for ${name}: want ${want} got ${count}`);
    }
    if (name === 'and' || name === 'or') return this.#shortCircuit(dot, name, args, final);
    const values = args.map((arg, i) => this.#argument(dot, typeOf(func, i), arg));
    if (final !== MISSING) values.push(this.#checked(final, typeOf(func, args.length)));
    return this.#invoke(name, command, () => func.call(...values));
  }

  #shortCircuit(dot: GoValue, name: string, args: readonly Operand[], final: GoValue): GoValue {
    let value: GoValue;
    for (const arg of args) {
      value = this.#argument(dot, 'any', arg);
      if (truth(value) === (name === 'or')) return value;
    }
    return final === MISSING ? value : final;
  }

  /** Calls a function or method, charges for its result, and words its exception as Go does. */
  #invoke(name: string, node: Position, call: () => GoValue): GoValue {
    let value: GoValue;
    try {
      value = call();
    } catch (error) {
      if (error instanceof Pending) throw error;
      this.#at = node;
      return this.#fail(
        `error calling ${name}: ${error instanceof Error ? error.message : String(error)}`,
        error,
      );
    }
    if (typeof value === 'string') {
      if (value.length > this.#execution.limits.maxOutput) this.#fail(`result of ${name} is too long`);
      this.#spend(value.length >> 4);
    }
    return value;
  }

  #argument(dot: GoValue, type: ParamType, node: Operand): GoValue {
    this.#visit(node);
    switch (node.kind) {
      case 'dot':
        return this.#checked(dot, type);
      case 'nil':
        if (type.startsWith('[]')) return [];
        if (type === 'any') return null;
        return this.#fail(`cannot assign nil to ${paramName(type)}`);
      case 'field':
        return this.#checked(this.#fields(dot, dot, node.path, node, [], MISSING), type);
      case 'variable':
        return this.#checked(this.#variable(dot, node, [], MISSING), type);
      case 'pipe':
        return this.#checked(this.#pipeline(dot, node), type);
      case 'identifier':
        return this.#checked(this.#function(dot, node, node, [], MISSING), type);
      case 'chain':
        return this.#checked(this.#chain(dot, node, [], MISSING), type);
      case 'string':
      case 'bool':
      case 'number':
        if (type === 'any') return this.#constant(dot, node);
        return this.#literal(type, node);
    }
  }

  #literal(type: ParamType, node: Operand): GoValue {
    const literal = literalArgument(node, type);
    return literal.problem === undefined ? literal.value : this.#fail(literal.problem);
  }

  #checked(value: GoValue, type: ParamType): GoValue {
    const checked = checkArgument(value, type);
    return checked.problem === undefined ? checked.value : this.#fail(checked.problem);
  }

  #print(value: GoValue, pipe: PipeNode, node: Position): void {
    this.#at = node;
    if (kindOf(value) === 'func') this.#fail(`can't print ${printNode(pipe)} of type func`);
    this.#execution.sink.value(value, pipe);
    this.#checkOutput();
  }

  #checkOutput(): void {
    const { maxOutput } = this.#execution.limits;
    if (this.#execution.sink.length > maxOutput) this.#fail(`exceeded ${maxOutput} characters of output`);
  }

  #visit(node: Position): void {
    this.#at = node;
    this.#spend(1);
  }

  #spend(steps: number): void {
    const problem = this.#budget.spend(steps);
    if (problem !== undefined) this.#fail(problem);
  }

  #fail(message: string, cause?: unknown): never {
    const { name, source, text } = this.#tree;
    const node = this.#at;
    const options = cause === undefined ? undefined : { cause };
    if (!node) throw new TemplateError(`template: ${name}: ${message}`, options);
    const before = text.slice(0, node.pos);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    throw new TemplateError(
      `template: ${source}:${line}:${column}: executing ${quote(name)} at <${printNode(node)}>: ${message}`,
      options,
    );
  }
}

function typeOf(func: GoFunc, i: number): ParamType {
  return func.params[Math.min(i, func.params.length - 1)] ?? 'any';
}
