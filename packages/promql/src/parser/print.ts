import {
  compareStrings,
  formatDuration,
  formatFloat,
  isLegacyMetricName,
  METRIC_NAME,
  quoteLabelName,
} from '@prunella/metrics';
import type { AtModifier, Binary, Expr, VectorSelector } from './ast.ts';
import { typeOf } from './check.ts';

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
      return `${printSelector(expr.selector)}[${formatDuration(expr.range)}]${printModifiers(expr.selector)}`;
    case 'subquery': {
      const step = expr.step === undefined ? '' : formatDuration(expr.step);
      return `${print(expr.expr)}[${formatDuration(expr.range)}:${step}]${printModifiers(expr)}`;
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

function printModifiers({ at, offset }: { at?: AtModifier; offset: number }): string {
  const when = at === undefined ? '' : typeof at === 'number' ? ` @ ${(at / 1000).toFixed(3)}` : ` @ ${at}()`;
  return when + (offset === 0 ? '' : ` offset ${formatDuration(offset)}`);
}

function printBinary({ op, left, right, bool, matching }: Binary): string {
  let text = `${print(left)} ${op}${bool ? ' bool' : ''}`;
  if (matching && typeOf(left) !== 'scalar' && typeOf(right) !== 'scalar') {
    const grouped = matching.card === 'many-to-one' || matching.card === 'one-to-many';
    if (matching.on || matching.labels.length > 0)
      text += ` ${matching.on ? 'on' : 'ignoring'} (${labels(matching.labels)})`;
    if (grouped)
      text += ` ${matching.card === 'many-to-one' ? 'group_left' : 'group_right'} (${labels(matching.include)})`;
  }
  return `${text} ${print(right)}`;
}

function labels(names: readonly string[]): string {
  return names.map(quoteLabelName).join(', ');
}
