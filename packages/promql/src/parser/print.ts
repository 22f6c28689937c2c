import { compareStrings, formatDuration, formatDecimal, goQuote, quoteLabelName } from '@prunella/metrics';
import type { AtModifier, Binary, DurationExpr, Expr, VectorSelector } from './ast.ts';
import { typeOf } from './check.ts';
import { printDuration } from './duration.ts';

/** The expression in its canonical form: what is parsed again gives the same tree. */
export function print(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.duration ? formatDuration(expr.value * 1000) : formatDecimal(expr.value);
    case 'string':
      return goQuote(expr.value);
    case 'selector':
      return printSelector(expr) + printModifiers(expr);
    case 'matrix':
      return `${printSelector(expr.selector)}[${duration(expr.range, expr.rangeExpr)}]${printModifiers(expr.selector)}`;
    case 'subquery': {
      const step = expr.step === undefined ? '' : duration(expr.step, expr.stepExpr);
      return `${print(expr.expr)}[${duration(expr.range, expr.rangeExpr)}:${step}]${printModifiers(expr)}`;
    }
    case 'call':
      return `${expr.func}(${expr.args.map(print).join(', ')})`;
    case 'aggregation': {
      const clause =
        expr.without || expr.grouping.length > 0
          ? ` ${expr.without ? 'without' : 'by'} (${labels(expr.grouping)}) `
          : '';
      const args = expr.param ? `${print(expr.param)}, ${print(expr.expr)}` : print(expr.expr);
      return `${expr.op}${clause}(${args})`;
    }
    case 'unary':
      return `${expr.op}${print(expr.expr)}`;
    case 'binary':
      return printBinary(expr);
    case 'paren':
      return `(${print(expr.expr)})`;
  }
}

function printSelector({ name, matchers }: VectorSelector): string {
  const rest = matchers.slice(name === '' ? 0 : 1);
  // In this order whatever was written: the same selector always prints the same.
  const parts = rest.map(String).sort(compareStrings);
  return name + (parts.length > 0 ? `{${parts.join(',')}}` : '');
}

function duration(fixed: number, expr: DurationExpr | undefined): string {
  return expr ? printDuration(expr) : formatDuration(fixed);
}

interface Modifiers {
  readonly at?: AtModifier;
  readonly offset: number;
  readonly offsetExpr?: DurationExpr;
  readonly extended?: string;
}

function printModifiers({ at, offset, offsetExpr, extended }: Modifiers): string {
  const when = at === undefined ? '' : typeof at === 'number' ? ` @ ${(at / 1000).toFixed(3)}` : ` @ ${at}()`;
  const back = offsetExpr ? printDuration(offsetExpr) : offset === 0 ? '' : formatDuration(offset);
  return when + (back && ` offset ${back}`) + (extended ? ` ${extended}` : '');
}

function printBinary({ op, left, right, bool, matching }: Binary): string {
  let text = `${print(left)} ${op}${bool ? ' bool' : ''}`;
  if (matching && typeOf(left) !== 'scalar' && typeOf(right) !== 'scalar') {
    const grouped = matching.card === 'many-to-one' || matching.card === 'one-to-many';
    if (matching.on || matching.labels.length > 0)
      text += ` ${matching.on ? 'on' : 'ignoring'} (${labels(matching.labels)})`;
    if (grouped)
      text += ` ${matching.card === 'many-to-one' ? 'group_left' : 'group_right'} (${labels(matching.include)})`;
    text += fill('fill_left', matching.fillLeft) + fill('fill_right', matching.fillRight);
  }
  return `${text} ${print(right)}`;
}

function fill(word: string, value: number | undefined): string {
  return value === undefined ? '' : ` ${word} (${formatDecimal(value)})`;
}

function labels(names: readonly string[]): string {
  return names.map(quoteLabelName).join(', ');
}
