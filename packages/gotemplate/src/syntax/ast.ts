/** The parsed form of a template. `printNode` gives back what Go shows between `<` and `>` in execution errors. */

interface At {
  /** Offset in the source that an execution error names. */
  readonly pos: number;
}

export type Node = TextNode | ActionNode | BranchNode | RangeNode | TemplateNode | BreakNode | ContinueNode;

export interface TextNode extends At {
  readonly kind: 'text';
  readonly text: string;
}

export interface ActionNode extends At {
  readonly kind: 'action';
  readonly pipe: PipeNode;
}

export interface BranchNode extends At {
  readonly kind: 'if' | 'with';
  readonly pipe: PipeNode;
  readonly list: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
}

export interface RangeNode extends At {
  readonly kind: 'range';
  readonly pipe: PipeNode;
  readonly list: readonly Node[];
  readonly otherwise: readonly Node[] | undefined;
}

export interface TemplateNode extends At {
  readonly kind: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}

export interface BreakNode extends At {
  readonly kind: 'break';
}

export interface ContinueNode extends At {
  readonly kind: 'continue';
}

export interface PipeNode extends At {
  readonly kind: 'pipe';
  /** Variables with their dollar. */
  readonly declared: readonly string[];
  readonly isAssign: boolean;
  readonly commands: readonly CommandNode[];
}

export interface CommandNode extends At {
  readonly kind: 'command';
  readonly args: readonly Operand[];
}

export type Operand =
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | LiteralNode
  | NumberNode
  | DotNode
  | PipeNode;

export interface FieldNode extends At {
  readonly kind: 'field';
  readonly path: readonly string[];
}

export interface VariableNode extends At {
  readonly kind: 'variable';
  /** With its dollar. */
  readonly name: string;
  readonly path: readonly string[];
}

export interface ChainNode extends At {
  readonly kind: 'chain';
  readonly operand: Operand;
  readonly path: readonly string[];
}

export interface IdentifierNode extends At {
  readonly kind: 'identifier';
  readonly name: string;
}

export interface LiteralNode extends At {
  readonly kind: 'string' | 'bool' | 'nil';
  readonly text: string;
  readonly value: string | boolean | null;
}

export interface NumberNode extends At {
  readonly kind: 'number';
  readonly text: string;
  /** Present where the constant is a whole number in int64's or uint64's range. */
  readonly int: bigint | undefined;
  readonly float: number;
  /** The type it takes where any type will do. */
  readonly ideal: 'int' | 'float';
}

export interface DotNode extends At {
  readonly kind: 'dot';
}

export function printNode(node: Node | Operand | CommandNode): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'action':
      return `{{${printNode(node.pipe)}}}`;
    case 'if':
    case 'with':
    case 'range': {
      const otherwise = node.otherwise === undefined ? '' : `{{else}}${printList(node.otherwise)}`;
      return `{{${node.kind} ${printNode(node.pipe)}}}${printList(node.list)}${otherwise}{{end}}`;
    }
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipe ? ` ${printNode(node.pipe)}` : ''}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'pipe': {
      const operator = node.isAssign ? ' = ' : ' := ';
      const prefix = node.declared.length > 0 ? node.declared.join(', ') + operator : '';
      return prefix + node.commands.map(printNode).join(' | ');
    }
    case 'command':
      return node.args.map((arg) => (arg.kind === 'pipe' ? `(${printNode(arg)})` : printNode(arg))).join(' ');
    case 'field':
      return node.path.map((name) => `.${name}`).join('');
    case 'variable':
      return [node.name, ...node.path].join('.');
    case 'chain': {
      const operand = printNode(node.operand);
      return [node.operand.kind === 'pipe' ? `(${operand})` : operand, ...node.path].join('.');
    }
    case 'identifier':
      return node.name;
    case 'string':
    case 'bool':
    case 'nil':
    case 'number':
      return node.text;
    case 'dot':
      return '.';
  }
}

function printList(nodes: readonly Node[]): string {
  return nodes.map(printNode).join('');
}
