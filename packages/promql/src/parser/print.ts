import {
  compareStrings,
  formatDuration,
  formatFloat,
  isLegacyMetricName,
  METRIC_NAME,
  quoteLabelName,
} from '@prunella/metrics';
import type { AtModifier, Binary, DurationExpr, Expr, VectorSelector } from './ast.ts';
import { typeOf } from './check.ts';
import { printDuration } from './duration.ts';

/** The expression in its canonical form: what is parsed again gives the same tree. */
export function print(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return expr.duration ? formatDuration(expr.value * 1000) : formatFloat(expr.value);
    case 'string':
      return JSON.stringify(expr.value);
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
  const plain = isLegacyMetricName(name);
  const rest = matchers.filter(
    (matcher) => !(matcher.name === METRIC_NAME && matcher.type === '=' && matcher.value === name),
  );
  // In this order whatever was written: the same selector always prints the same.
  const parts = rest.map(String).sort(compareStrings);
  if (name !== '' && !plain) parts.unshift(JSON.stringify(name));
  return (plain ? name : '') + (parts.length > 0 ? `{${parts.join(',')}}` : '');
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
  const back =
    offset === 0 && !offsetExpr
      ? ''
      : ` offset ${offsetExpr ? `(${printDuration(offsetExpr)})` : formatDuration(offset)}`;
  return when + back + (extended ? ` ${extended}` : '');
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
  return value === undefined ? '' : ` ${word} (${formatFloat(value)})`;
}

function labels(names: readonly string[]): string {
  return names.map(quoteLabelName).join(', ');
}
