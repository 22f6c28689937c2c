import type { Expr } from './ast.ts';
import { aggregationHead, leftOperand, operatorText, subquerySuffix, text } from './print.ts';

/** Bytes, as in Prometheus. */
const WIDEST_LINE = 100;
const INDENT = '  ';
const encoder = new TextEncoder();

/** The expression as `promtool promql format` prints it: what is longer than a line is parted into lines. */
export function prettyPrint(expr: Expr): string {
  // Each part is looked at once for itself and once in every part around it.
  const known = new Map<Expr, string>();
  const line = (part: Expr): string => {
    const printed = known.get(part) ?? text(part, line);
    known.set(part, printed);
    return printed;
  };
  return pretty(expr, 0, line);
}

function isWide(line: string): boolean {
  return line.length > WIDEST_LINE || encoder.encode(line).length > WIDEST_LINE;
}

function pretty(expr: Expr, level: number, line: (expr: Expr) => string): string {
  const indent = INDENT.repeat(level);
  const whole = line(expr);
  // A sign stands before what it changes, wherever that begins.
  if (expr.kind === 'unary') return `${indent}${expr.op}${pretty(expr.expr, level, line).trim()}`;
  // As Prometheus has it, a subquery on one line is not indented.
  if (!isWide(whole)) return expr.kind === 'subquery' ? whole : indent + whole;
  const deeper = (part: Expr): string => pretty(part, level + 1, line);
  switch (expr.kind) {
    case 'aggregation': {
      const args = (expr.param ? [expr.param, expr.expr] : [expr.expr]).map(deeper).join(',\n');
      return `${indent}${aggregationHead(expr)}(\n${args}\n${indent})`;
    }
    case 'call':
      return `${indent}${expr.func}(\n${expr.args.map(deeper).join(',\n')}\n${indent})`;
    case 'binary':
      return `${leftOperand(expr, deeper)}\n${indent}${operatorText(expr)}\n${deeper(expr.right)}`;
    case 'paren':
      return `${indent}(\n${deeper(expr.expr)}\n${indent})`;
    case 'subquery':
      return pretty(expr.expr, level, line) + subquerySuffix(expr);
    case 'matrix':
    case 'number':
    case 'selector':
    case 'string':
      return indent + whole;
  }
}
