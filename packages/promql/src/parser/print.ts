import { compareStrings, formatDuration, formatDecimal, goQuote, quoteLabelName } from '@prunella/metrics';
import type {
  Aggregation,
  AtModifier,
  Binary,
  DurationExpr,
  Expr,
  NumberLiteral,
  Subquery,
  VectorSelector,
} from './ast.ts';
import { typeOf } from './check.ts';
import { printDuration } from './duration.ts';

/** The expression in its canonical form: what is parsed again gives the same tree. */
export function print(expr: Expr): string {
  return text(expr, print);
}

/** An expression on one line, what stands in it printed by `inner`. */
export function text(expr: Expr, inner: (expr: Expr) => string): string {
  switch (expr.kind) {
    case 'number':
      return printNumber(expr);
    case 'string':
      return goQuote(expr.value);
    case 'selector':
      return printSelector(expr) + printModifiers(expr);
    case 'matrix':
      return `${printSelector(expr.selector)}[${duration(expr.range, expr.rangeExpr)}]${printModifiers(expr.selector)}`;
    case 'subquery':
      return inner(expr.expr) + subquerySuffix(expr);
    case 'call':
      return `${expr.func}(${expr.args.map(inner).join(', ')})`;
    case 'aggregation': {
      const param = expr.param ? `${inner(expr.param)}, ` : '';
      return `${aggregationHead(expr)}(${param}${inner(expr.expr)})`;
    }
    case 'unary':
      return `${expr.op}${inner(expr.expr)}`;
    case 'binary':
      return `${leftOperand(expr, inner)} ${operatorText(expr)} ${inner(expr.right)}`;
    case 'paren':
      return `(${inner(expr.expr)})`;
  }
}

/** What is raised to a power begins with no sign: `+Inf ^ 2` would be +(Inf ^ 2). */
export function leftOperand({ op, left }: Binary, inner: (expr: Expr) => string): string {
  const printed = inner(left);
  return op === '^' && left.kind === 'number' ? printed.replace(/^(\s*)\+/, '$1') : printed;
}

function printNumber({ value, duration: written }: NumberLiteral): string {
  if (written && Object.is(value, -0)) return '-0s';
  return written ? formatDuration(Math.round(value * 1000)) : formatDecimal(value);
}

/** `[5m:1m] offset 1h`, behind what the subquery is of. */
export function subquerySuffix(expr: Subquery): string {
  const step = expr.step === undefined ? '' : duration(expr.step, expr.stepExpr);
  return `[${duration(expr.range, expr.rangeExpr)}:${step}]${printModifiers(expr)}`;
}

/** `sum by (job) `, before the parentheses. */
export function aggregationHead({ op, grouping, without }: Aggregation): string {
  if (without) return `${op} without (${labels(grouping)}) `;
  return grouping.length > 0 ? `${op} by (${labels(grouping)}) ` : op;
}

function printSelector({ name, matchers }: VectorSelector): string {
  const rest = matchers.slice(name === '' ? 0 : 1);
  // In this order whatever was written: the same selector always prints the same.
  const parts = rest.map(String).sort(compareStrings);
  return name !== '' && parts.length === 0 ? name : `${name}{${parts.join(',')}}`;
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

/** `== bool on (job) group_left ()`: what stands between two sides. */
export function operatorText({ op, left, right, bool, matching }: Binary): string {
  let operator = `${op}${bool ? ' bool' : ''}`;
  if (!matching || typeOf(left) === 'scalar' || typeOf(right) === 'scalar') return operator;
  const { card, on } = matching;
  const grouped = card === 'many-to-one' || card === 'one-to-many';
  if (on || matching.labels.length > 0 || grouped)
    operator += ` ${on ? 'on' : 'ignoring'} (${labels(matching.labels)})`;
  if (grouped)
    operator += ` ${card === 'many-to-one' ? 'group_left' : 'group_right'} (${labels(matching.include)})`;
  return operator + fill('fill_left', matching.fillLeft) + fill('fill_right', matching.fillRight);
}

function fill(word: string, value: number | undefined): string {
  return value === undefined ? '' : ` ${word} (${formatDecimal(value)})`;
}

function labels(names: readonly string[]): string {
  // These are no labels without quotes.
  return names
    .map((name) => (/^(inf|nan|without)$/i.test(name) ? goQuote(name) : quoteLabelName(name)))
    .join(', ');
}
