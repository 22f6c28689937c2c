import { formatDuration, type AbsoluteRange } from '../time.ts';
import type { Scope, VariableValue } from './types.ts';

/** Numbers that Grafana's built-in variables stand for, all in ms. */
export interface BuiltIns {
  range: AbsoluteRange;
  step: number;
  rate: number;
}

// $name, ${name}, ${name:format}, ${name.field}, [[name]], [[name:format]]
const reference = /\$(\w+)|\$\{(\w+)(?:\.[^:}]*)?(?::([^}]+))?\}|\[\[(\w+)(?::([^\]]+))?\]\]/g;

function builtIn(name: string, built: BuiltIns): string | undefined {
  const seconds = Math.round((built.range.to - built.range.from) / 1000);
  switch (name) {
    case '__interval':
      return formatDuration(built.step);
    case '__interval_ms':
      return String(built.step);
    case '__rate_interval':
      return formatDuration(built.rate);
    case '__range':
      return `${seconds}s`;
    case '__range_s':
      return String(seconds);
    case '__range_ms':
      return String(built.range.to - built.range.from);
    case '__from':
      return String(built.range.from);
    case '__to':
      return String(built.range.to);
    case '__url_time_range':
      return `from=${built.range.from}&to=${built.range.to}`;
    case '__org':
      return '1';
    default:
      return undefined;
  }
}

/** Escapes a value for use inside a regular expression inside a PromQL string. */
function escapeRegex(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}/]/g, '\\\\$&').replaceAll('"', '\\"');
}

function escapeString(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** Grafana's default for Prometheus: one value as it is, several (or any of a multi variable) as `(a|b)`. */
function forPromql(value: VariableValue, multi: boolean): string {
  if (value.all && value.allValue !== '') return value.allValue;
  if (!multi) return escapeString(value.values[0] ?? '');
  const [first, ...rest] = value.values.map(escapeRegex);
  if (first === undefined) return '';
  return rest.length === 0 ? first : `(${[first, ...rest].join('|')})`;
}

function withFormat(value: VariableValue, format: string): string {
  if (value.all && value.allValue !== '' && format !== 'text') return value.allValue;
  const { values } = value;
  switch (format) {
    case 'csv':
    case 'raw':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    case 'regex':
      return values.length === 1 ? escapeRegex(values[0] ?? '') : `(${values.map(escapeRegex).join('|')})`;
    case 'text':
      return value.all ? 'All' : value.texts.join(' + ');
    case 'json':
      return JSON.stringify(values);
    case 'glob':
      return values.length === 1 ? (values[0] ?? '') : `{${values.join(',')}}`;
    case 'doublequote':
      return values.map((one) => JSON.stringify(one)).join(',');
    case 'singlequote':
      return values.map((one) => `'${one}'`).join(',');
    case 'percentencode':
      return encodeURIComponent(values.join(','));
    default:
      return values.join(',');
  }
}

export interface InterpolateOptions {
  scope: Scope;
  /** Names whose values are regular expressions: variables with several values or "All". */
  multi?: ReadonlySet<string>;
  builtIns?: BuiltIns;
}

function replace(
  text: string,
  options: InterpolateOptions,
  write: (value: VariableValue, name: string) => string,
): string {
  return text.replace(
    reference,
    (whole: string, plain?: string, braced?: string, format?: string, old?: string, oldFormat?: string) => {
      const name = plain ?? braced ?? old ?? '';
      const value = options.scope.get(name);
      const chosen = format ?? oldFormat;
      if (value) return chosen ? withFormat(value, chosen) : write(value, name);
      return (options.builtIns && builtIn(name, options.builtIns)) ?? whole;
    },
  );
}

/** Puts variables into a PromQL expression. Unknown names stay as they are, so that the error shows them. */
export function interpolateQuery(text: string, options: InterpolateOptions): string {
  return replace(text, options, (value, name) =>
    forPromql(value, value.all || value.values.length > 1 || (options.multi?.has(name) ?? false)),
  );
}

/** Puts variables into a title, legend or text panel: as a reader would write them. */
export function interpolateText(text: string, options: InterpolateOptions): string {
  return replace(text, options, (value) => (value.all ? 'All' : value.texts.join(' + ')));
}

/** The variables that an expression mentions. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(reference)].map((found) => found[1] ?? found[2] ?? found[4] ?? '');
}
