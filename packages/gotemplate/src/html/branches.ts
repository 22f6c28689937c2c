/**
 * What html/template refuses before it runs: branches that leave the document in different places, as
 * `{{if .X}}<a title="{{end}}`. Whatever follows them could not be escaped for the place where it stands.
 */
import type { BranchNode, Node, RangeNode } from '../syntax/ast.ts';
import { TemplateError, type Tree } from '../syntax/parse.ts';
import { HtmlContext } from './context.ts';

/** @throws TemplateError for this template and all that it calls */
export function checkBranches(trees: ReadonlyMap<string, Tree>, tree: Tree): void {
  const end = new Walk(trees, tree, new Map()).list(tree.root, new HtmlContext());
  if (end && end.state !== 'text')
    throw new TemplateError(`html/template:${tree.source} ends in a non-text context: ${end.toString()}`);
}

/** After `break` and `continue` nothing is printed: no context. */
type Context = HtmlContext | undefined;

interface Loop {
  readonly breaks: Context[];
  readonly continues: Context[];
}

/** Follows the contexts through one template. */
class Walk {
  readonly #trees: ReadonlyMap<string, Tree>;
  readonly #tree: Tree;
  /** Where calls lead, by name and context; one under way is taken to end where it began. */
  readonly #calls: Map<string, Context>;
  readonly #loops: Loop[] = [];

  constructor(trees: ReadonlyMap<string, Tree>, tree: Tree, calls: Map<string, Context>) {
    this.#trees = trees;
    this.#tree = tree;
    this.#calls = calls;
  }

  /** @returns the context after these nodes */
  list(nodes: readonly Node[], start: Context): Context {
    return nodes.reduce((context, node) => context && this.#node(node, context), start);
  }

  #node(node: Node, before: HtmlContext): Context {
    const context = before.clone();
    switch (node.kind) {
      case 'text':
        context.advance(node.text);
        return context;
      case 'action':
        if (node.pipe.declared.length > 0) return context;
        context.beforeValue();
        if (context.urlPart === 'unknown') this.#fail(node, 'a value in an ambiguous context within a URL');
        return context;
      case 'if':
      case 'with': {
        const then = this.list(node.list, context);
        return this.#join(then, this.list(node.otherwise ?? [], context), node);
      }
      case 'range':
        return this.#range(node, context);
      case 'template':
        return this.#call(node.name, context);
      case 'break':
        this.#loops.at(-1)?.breaks.push(context);
        return undefined;
      case 'continue':
        this.#loops.at(-1)?.continues.push(context);
        return undefined;
    }
  }

  #range(node: RangeNode, context: HtmlContext): Context {
    const loop: Loop = { breaks: [], continues: [] };
    this.#loops.push(loop);
    const once = this.list(node.list, context);
    // The second time begins where the first has ended.
    const again = this.#join(context, this.list(node.list, once), node);
    this.#loops.pop();
    const ends = [...loop.breaks, ...loop.continues, again];
    const after = ends.reduce((a, b) => this.#join(a, b, node), once);
    return this.#join(after, this.list(node.otherwise ?? [], context), node);
  }

  #call(name: string, context: HtmlContext): Context {
    const tree = this.#trees.get(name);
    if (!tree) return context;
    const key = `${name} ${context.toString()}`;
    if (this.#calls.has(key)) return this.#calls.get(key);
    this.#calls.set(key, context);
    const end = new Walk(this.#trees, tree, this.#calls).list(tree.root, context);
    this.#calls.set(key, end);
    return end;
  }

  #join(a: Context, b: Context, node: BranchNode | RangeNode): Context {
    if (!a || !b) return a ?? b;
    const joined = a.join(b);
    if (joined) return joined;
    return this.#fail(
      node,
      `{{${node.kind}}} branches end in different contexts: ${a.toString()}, ${b.toString()}`,
    );
  }

  #fail(node: Node, message: string): never {
    const before = this.#tree.text.slice(0, node.pos);
    const line = before.split('\n').length;
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
    throw new TemplateError(`html/template:${this.#tree.source}:${line}:${column}: ${message}`);
  }
}
