import { printNode, type Operand } from './syntax/ast.ts';
import { kindOf, printValue, typeName, type GoValue, type ParamType } from './values.ts';

/** An argument as the function takes it, or why it does not. */
export interface Argument {
  readonly value?: GoValue;
  readonly problem?: string;
}

/** A computed value for a parameter. */
export function checkArgument(value: GoValue, type: ParamType): Argument {
  const kind = kindOf(value);
  if (type === 'any') return { value };
  if (kind === 'invalid') {
    return type.startsWith('[]') ? { value: [] } : { problem: `invalid value; expected ${paramName(type)}` };
  }
  if (kind === 'slice' && isSliceFor(value as readonly GoValue[], type)) return { value };
  if (kind === type)
    return { value: type === 'string' && typeof value !== 'string' ? printValue(value) : value };
  // What `query` gives are plain objects here.
  if (typeName(value) === type || (type === '*template.sample' && kind === 'struct')) return { value };
  return { problem: `wrong type for value; expected ${paramName(type)}; got ${typeName(value)}` };
}

/** An empty array that says nothing of its type is any slice. */
function isSliceFor(items: readonly GoValue[], type: ParamType): boolean {
  const actual = typeName(items);
  return actual === paramName(type) || (items.length === 0 && type.startsWith('[]') && !('goType' in items));
}

/** A constant takes the parameter's type where it can. */
export function literalArgument(node: Operand, type: ParamType): Argument {
  switch (type) {
    case 'string':
      return node.kind === 'string' ? { value: node.value } : unexpected('string', node);
    case 'bool':
      return node.kind === 'bool' ? { value: node.value } : unexpected('bool', node);
    case 'int':
      return node.kind === 'number' && node.int !== undefined
        ? { value: node.int }
        : unexpected('integer', node);
    case 'float':
      return node.kind === 'number' ? { value: node.float } : unexpected('float', node);
    case 'time.Duration':
      return node.kind === 'number' && node.int !== undefined
        ? { value: node.int }
        : unexpected('integer', node);
    case 'any':
    case '[]any':
    case '[]string':
    case 'time.Time':
    default:
      return { problem: `can't handle ${printNode(node)} for arg of type ${paramName(type)}` };
  }
}

function unexpected(wanted: string, node: Operand): Argument {
  return { problem: `expected ${wanted}; found ${printNode(node)}` };
}

/** Go's name of a parameter's type. */
export function paramName(type: ParamType): string {
  if (type === 'float') return 'float64';
  return type === '[]any' ? '[]interface {}' : type;
}
