import { sprint, sprintf, sprintln } from './fmt/printf.ts';
import {
  fn,
  intOf,
  kindOf,
  SafeText,
  stringOf,
  StringMap,
  truth,
  typeName,
  printValue,
  type FuncMap,
  type GoValue,
} from './values.ts';

/** The functions that Go's text/template always has. `and` and `or` stop early; the evaluator sees to that. */
export const builtins: FuncMap = {
  and: fn(
    'any, any...',
    (first: GoValue, ...rest: GoValue[]) => [first, ...rest].find((v) => !truth(v)) ?? rest.at(-1),
  ),
  or: fn('any, any...', (first: GoValue, ...rest: GoValue[]) => [first, ...rest].find(truth) ?? rest.at(-1)),
  not: fn('any', (value: GoValue) => !truth(value)),
  len: fn('any', length),
  index: fn('any, any...', index),
  slice: fn('any, any...', slice),
  call: fn('any, any...', call),
  print: fn('any...', (...args: GoValue[]) => sprint(args)),
  printf: fn('string, any...', (format: string, ...args: GoValue[]) => sprintf(format, args)),
  println: fn('any...', (...args: GoValue[]) => sprintln(args)),
  html: fn('any...', (...args: GoValue[]) => escapeHtml(joined(args))),
  js: fn('any...', (...args: GoValue[]) => escapeJs(joined(args))),
  urlquery: fn('any...', (...args: GoValue[]) => escapeQuery(joined(args))),
  eq: fn('any, any...', equalToAny),
  ne: fn('any, any', (a: GoValue, b: GoValue) => !equal(a, b)),
  lt: fn('any, any', less),
  le: fn('any, any', (a: GoValue, b: GoValue) => less(a, b) || equal(a, b)),
  gt: fn('any, any', (a: GoValue, b: GoValue) => !(less(a, b) || equal(a, b))),
  ge: fn('any, any', (a: GoValue, b: GoValue) => !less(a, b)),
};

function joined(args: readonly GoValue[]): string {
  return args.length === 1 && kindOf(args[0]) === 'string'
    ? stringOf(args[0])
    : sprint(args.map((arg) => (kindOf(arg) === 'invalid' ? '<no value>' : arg)));
}

function length(value: GoValue): bigint {
  switch (kindOf(value)) {
    case 'string':
      return BigInt(Buffer.byteLength(stringOf(value)));
    case 'slice':
      return BigInt((value as readonly unknown[]).length);
    case 'map':
      return BigInt((value as Map<unknown, unknown>).size);
    case 'invalid':
      throw new Error('reflect: call of reflect.Value.Type on zero Value');
    case 'bool':
    case 'float':
    case 'int':
    case 'struct':
    case 'func':
      throw new Error(`len of type ${typeName(value)}`);
  }
}

function index(value: GoValue, ...keys: GoValue[]): GoValue {
  if (kindOf(value) === 'invalid') throw new Error('index of untyped nil');
  return keys.reduce(indexOne, value);
}

function indexOne(value: GoValue, key: GoValue): GoValue {
  switch (kindOf(value)) {
    case 'slice': {
      const items = value as readonly unknown[];
      return items[position(key, items.length)];
    }
    case 'string': {
      const bytes = Buffer.from(stringOf(value));
      return BigInt(bytes[position(key, bytes.length)] as number);
    }
    case 'map': {
      const map = value as Map<unknown, unknown>;
      if (kindOf(key) === 'invalid') throw new Error('value is nil; should be of type string');
      if (kindOf(key) !== 'string') throw new Error(`value has type ${typeName(key)}; should be string`);
      return map.get(stringOf(key)) ?? (map instanceof StringMap ? '' : undefined);
    }
    case 'invalid':
      throw new Error('index of nil pointer');
    case 'bool':
    case 'float':
    case 'int':
    case 'struct':
    case 'func':
      throw new Error(`can't index item of type ${typeName(value)}`);
  }
}

function position(key: GoValue, size: number, inclusive = false): number {
  if (kindOf(key) === 'invalid') throw new Error('cannot index slice/array with nil');
  if (kindOf(key) !== 'int') throw new Error(`cannot index slice/array with type ${typeName(key)}`);
  const at = intOf(key);
  if (at < 0n || at > size || (!inclusive && at === BigInt(size)))
    throw new Error(`index out of range: ${at}`);
  return Number(at);
}

function slice(value: GoValue, ...bounds: GoValue[]): GoValue {
  const kind = kindOf(value);
  if (kind === 'invalid') throw new Error('slice of untyped nil');
  if (bounds.length > 3) throw new Error(`too many slice indexes: ${bounds.length}`);
  if (kind !== 'string' && kind !== 'slice') throw new Error(`can't slice item of type ${typeName(value)}`);
  if (kind === 'string' && bounds.length === 3) throw new Error('cannot 3-index slice a string');
  const whole = kind === 'string' ? Buffer.from(stringOf(value)) : (value as readonly unknown[]);
  const [from = 0, to = whole.length, max] = bounds.map((bound) => position(bound, whole.length, true));
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  if (max !== undefined && to > max) throw new Error(`invalid slice index: ${to} > ${max}`);
  const part = whole.slice(from, to);
  return part instanceof Uint8Array ? Buffer.from(part).toString() : part;
}

function call(callee: GoValue, ...args: GoValue[]): GoValue {
  if (callee === null || callee === undefined) throw new Error('call of nil');
  if (typeof callee !== 'function')
    throw new Error(`non-function ${printValue(callee)} of type ${typeName(callee)}`);
  return (callee as (...args: GoValue[]) => GoValue)(...args);
}

function incompatible(a: GoValue, b: GoValue): Error {
  return new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function equalToAny(first: GoValue, ...others: GoValue[]): boolean {
  if (others.length === 0) throw new Error('missing argument for comparison');
  return others.some((other) => equal(first, other));
}

function equal(a: GoValue, b: GoValue): boolean {
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind === 'invalid' || other === 'invalid') return kind === other;
  if (kind !== other) throw incompatible(a, b);
  if (kind === 'slice' || kind === 'map' || kind === 'func') {
    throw new Error(`non-comparable type ${printValue(a)}: ${typeName(a)}`);
  }
  if (kind === 'int') return intOf(a) === intOf(b);
  if (kind === 'string') return stringOf(a) === stringOf(b);
  return a === b;
}

function less(a: GoValue, b: GoValue): boolean {
  const kind = kindOf(a);
  const other = kindOf(b);
  for (const each of [kind, other]) {
    if (each === 'invalid' || each === 'slice' || each === 'map' || each === 'struct' || each === 'func') {
      throw new Error('invalid type for comparison');
    }
  }
  if (kind !== other) throw incompatible(a, b);
  if (kind === 'bool') throw new Error('invalid type for comparison');
  if (kind === 'int') return intOf(a) < intOf(b);
  if (kind === 'float') return (a as number) < (b as number);
  return Buffer.compare(Buffer.from(stringOf(a)), Buffer.from(stringOf(b))) < 0;
}

const HTML_ESCAPES: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (c) => HTML_ESCAPES[c] ?? c);
}

const JS_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\p{Cc}\u2028\u2029]/gu, (c) => {
    return JS_ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** Go's url.QueryEscape. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

export function isSafeText(value: GoValue): value is SafeText {
  return value instanceof SafeText;
}
