import { formatG } from './fmt/float.ts';

/**
 * Go's values in JavaScript:
 *
 * | Go | here |
 * |---|---|
 * | int, uint … | bigint |
 * | float64 | number |
 * | string, bool | string, boolean |
 * | nil | null; undefined is "no such value", printed as `<no value>` |
 * | []T | array |
 * | map[string]string | StringMap: a missing key is '' |
 * | map[string]any | Map |
 * | struct, with methods | object: members whose name starts with a capital letter are visible |
 * | func | function, or `GoFunc` where arguments are checked |
 */
export type GoValue = unknown;

/** Go's map[string]string: a missing key reads as the empty string. */
export class StringMap extends Map<string, string> {
  static fromObject(object: Readonly<Record<string, string>>): StringMap {
    return new StringMap(Object.entries(object));
  }
}

/** A string whose content is known to be safe in one context: html/template's `HTML`, `URL`, `CSS`, `JS` … */
export class SafeText {
  readonly type: 'HTML' | 'HTMLAttr' | 'URL' | 'CSS' | 'JS' | 'JSStr' | 'Srcset';
  readonly text: string;
  constructor(type: SafeText['type'], text: string) {
    this.type = type;
    this.text = text;
  }
}

/** A value that prints itself, as Go's fmt.Stringer. */
export interface Stringer {
  String(): string;
}

/** A value with a Go type of its own, for messages: `time.Duration`. */
export interface Typed {
  readonly goType: string;
}

export type Kind = 'invalid' | 'bool' | 'int' | 'float' | 'string' | 'slice' | 'map' | 'struct' | 'func';

export function kindOf(value: GoValue): Kind {
  switch (typeof value) {
    case 'undefined':
      return 'invalid';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'string';
    case 'function':
      return 'func';
    case 'object':
    case 'symbol':
      break;
  }
  if (value === null) return 'invalid';
  if (value instanceof SafeText) return 'string';
  if (Array.isArray(value)) return 'slice';
  if (value instanceof Map) return 'map';
  if (isIntLike(value)) return 'int';
  return 'struct';
}

/** Objects that are integers to Go, such as time.Duration. */
export interface IntLike {
  readonly int: bigint;
}

function isIntLike(value: unknown): value is IntLike {
  return typeof (value as Partial<IntLike>).int === 'bigint';
}

/** The integer behind a value of kind `int`. */
export function intOf(value: GoValue): bigint {
  return typeof value === 'bigint' ? value : (value as IntLike).int;
}

export function stringOf(value: GoValue): string {
  return value instanceof SafeText ? value.text : (value as string);
}

/** Go's name of a value's type. */
export function typeName(value: GoValue): string {
  switch (kindOf(value)) {
    case 'invalid':
      return '<nil>';
    case 'bool':
      return 'bool';
    case 'string':
      return value instanceof SafeText ? `template.${value.type}` : 'string';
    case 'float':
      return 'float64';
    case 'func':
      return 'func';
    case 'map':
      if (hasGoType(value)) return value.goType;
      return value instanceof StringMap ? 'map[string]string' : 'map[string]interface {}';
    case 'slice': {
      const items = value as readonly unknown[];
      if (hasGoType(value)) return value.goType;
      return items.length > 0 && items.every((item) => typeof item === 'string')
        ? '[]string'
        : '[]interface {}';
    }
    case 'int':
    case 'struct':
      if (typeof value === 'bigint') return 'int';
      if (hasGoType(value)) return value.goType;
      return (value as object).constructor?.name ?? 'struct';
  }
}

function hasGoType(value: unknown): value is Typed {
  return typeof (value as Partial<Typed>).goType === 'string';
}

/** Whether a condition holds: anything but false, zero, nil and what is empty. */
export function truth(value: GoValue): boolean {
  switch (kindOf(value)) {
    case 'invalid':
      return false;
    case 'bool':
      return value as boolean;
    case 'int':
      return intOf(value) !== 0n;
    case 'float':
      return value !== 0;
    case 'string':
      return stringOf(value) !== '';
    case 'slice':
      return (value as readonly unknown[]).length > 0;
    case 'map':
      return (value as Map<unknown, unknown>).size > 0;
    case 'struct':
    case 'func':
      return true;
  }
}

const EXPORTED = /^\p{Lu}/u;

/** A field or method that templates may see: its name starts with a capital letter. */
export function member(value: object, name: string): { found: boolean; value: unknown } {
  const found = EXPORTED.test(name) && name in value;
  return { found, value: found ? (value as Record<string, unknown>)[name] : undefined };
}

/** An object whose methods say what they take: `{Remove: ['[]string']}`. Others take any values, as many as they name. */
export interface WithMethods {
  readonly goMethods: Readonly<Record<string, readonly ParamType[]>>;
}

export function methodParams(receiver: object, name: string, method: object): readonly ParamType[] {
  const declared = (receiver as Partial<WithMethods>).goMethods?.[name];
  return declared ?? Array.from(method as { length: number }, (): ParamType => 'any');
}

/** Go's []any, whatever is in it. */
export function anySlice(items: readonly GoValue[]): readonly GoValue[] {
  return Object.defineProperty([...items], 'goType', { value: '[]interface {}' });
}

/** Map entries in Go's printing and ranging order: keys sorted by bytes, numbers by size. */
export function sortedEntries(map: ReadonlyMap<unknown, unknown>): [unknown, unknown][] {
  return [...map].sort(([a], [b]) => compareKeys(a, b));
}

function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return (a as number) < (b as number) ? -1 : 1;
}

/** Go's `%v`. Inside a collection nil prints as `<nil>`, as does null on its own. */
export function printValue(value: GoValue): string {
  if (isStringer(value)) return value.String();
  switch (kindOf(value)) {
    case 'invalid':
      return '<nil>';
    case 'bool':
      return String(value);
    case 'float':
      return formatG(value as number);
    case 'string':
      return stringOf(value);
    case 'int':
      return typeof value === 'bigint' ? value.toString() : printStruct(value as object);
    case 'slice':
      return `[${(value as readonly unknown[]).map((item) => printValue(item)).join(' ')}]`;
    case 'map': {
      const entries = sortedEntries(value as ReadonlyMap<unknown, unknown>);
      return `map[${entries.map(([k, v]) => `${printValue(k)}:${printValue(v)}`).join(' ')}]`;
    }
    case 'struct':
      return printStruct(value as object);
    case 'func':
      return '0x0';
  }
}

function printStruct(value: object): string {
  if (value instanceof Error) return value.message;
  return `{${fieldsOf(value)
    .map(([, v]) => printValue(v))
    .join(' ')}}`;
}

/** A struct's visible fields. */
export function fieldsOf(value: object): [name: string, value: unknown][] {
  return Object.entries(value).filter(([name, v]) => EXPORTED.test(name) && typeof v !== 'function');
}

export function isStringer(value: unknown): value is Stringer {
  return (
    typeof value === 'object' && value !== null && typeof (value as Partial<Stringer>).String === 'function'
  );
}

/** The type of a parameter of a function that templates call. */
export type ParamType =
  | 'any'
  | 'string'
  | 'int'
  | 'float'
  | 'bool'
  | '[]any'
  | '[]string'
  | 'time.Time'
  | 'time.Duration'
  | (string & {});

/** A function whose arguments are checked as Go's types would be: `fn('string, any...', …)`. */
export interface GoFunc {
  readonly params: readonly ParamType[];
  /** Whether the last parameter takes any number of arguments. */
  readonly variadic: boolean;
  call(...args: unknown[]): unknown;
}

/** Declares a function for templates: its parameters' types, and what it does. */
export function fn<A extends unknown[]>(params: string, call: (...args: A) => unknown): GoFunc {
  const types = params === '' ? [] : params.split(/,\s*/);
  const variadic = types.at(-1)?.endsWith('...') ?? false;
  return {
    params: types.map((type) => type.replace(/\.\.\.$/, '')),
    variadic,
    call: call as (...args: unknown[]) => unknown,
  };
}

export type FuncMap = Readonly<Record<string, GoFunc>>;
