import type { ActionNode, CommandNode, Node } from '../syntax/ast.ts';
import { TemplateError, type Tree } from '../syntax/parse.ts';

const checked = new WeakSet<Tree>();

/**
 * Refuses `html` and `urlquery` anywhere but at the end of a pipeline: what follows them would escape twice or undo it.
 * Looks at the template and all that it calls. @throws TemplateError as html/template words it
 */
export function checkEscapers(trees: ReadonlyMap<string, Tree>, tree: Tree): void {
  if (checked.has(tree)) return;
  checked.add(tree);
  try {
    checkList(trees, tree, tree.root);
  } catch (error) {
    checked.delete(tree);
    throw error;
  }
}

function checkList(trees: ReadonlyMap<string, Tree>, tree: Tree, nodes: readonly Node[]): void {
  for (const node of nodes) {
    if (node.kind === 'action') checkAction(tree, node);
    if (node.kind === 'if' || node.kind === 'with' || node.kind === 'range') {
      checkList(trees, tree, node.list);
      checkList(trees, tree, node.otherwise ?? []);
    }
    const called = node.kind === 'template' ? trees.get(node.name) : undefined;
    if (called) checkEscapers(trees, called);
  }
}

function checkAction(tree: Tree, node: ActionNode): void {
  // A pipeline that only sets a variable prints nothing.
  if (node.pipe.declared.length > 0) return;
  const early = node.pipe.commands
    .slice(0, -1)
    .map(escaperOf)
    .find((name) => name !== undefined);
  if (early === undefined) return;
  const before = tree.text.slice(0, node.pos);
  const line = before.split('\n').length;
  const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1));
  throw new TemplateError(
    `html/template:${tree.source}:${line}:${column}: predefined escaper "${early}" disallowed in template`,
  );
}

/** The escaper among text/template's own functions that a command is. */
export function escaperOf(command: CommandNode | undefined): 'html' | 'urlquery' | undefined {
  const first = command?.args[0];
  if (first?.kind !== 'identifier') return undefined;
  return first.name === 'html' || first.name === 'urlquery' ? first.name : undefined;
}
