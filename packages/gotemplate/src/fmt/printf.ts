import { quote } from '../syntax/quote.ts';
import {
  fieldsOf,
  intOf,
  isStringer,
  kindOf,
  printValue,
  sortedEntries,
  stringOf,
  truth,
  typeName,
  type GoValue,
} from '../values.ts';
import { formatFloat } from './float.ts';

/** Go's fmt: Sprintf, Sprint and Sprintln over the values of `values.ts`. */

interface Flags {
  plus: boolean;
  minus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  width: number | undefined;
  precision: number | undefined;
}

/** Go refuses larger widths and precisions as well. */
const LARGEST_WIDTH = 1_000_000;

export function sprintf(format: string, args: readonly GoValue[]): string {
  return new Printer(format, args).run();
}

/** Operands are separated by blanks where neither side is a string. */
export function sprint(args: readonly GoValue[]): string {
  let out = '';
  args.forEach((arg, i) => {
    if (i > 0 && kindOf(arg) !== 'string' && kindOf(args[i - 1]) !== 'string') out += ' ';
    out += printValue(arg);
  });
  return out;
}

export function sprintln(args: readonly GoValue[]): string {
  return `${args.map((arg) => printValue(arg)).join(' ')}\n`;
}

class Printer {
  readonly #format: string;
  readonly #args: readonly GoValue[];
  #pos = 0;
  #next = 0;
  #reordered = false;
  #badIndex = false;

  constructor(format: string, args: readonly GoValue[]) {
    this.#format = format;
    this.#args = args;
  }

  run(): string {
    let out = '';
    for (;;) {
      const at = this.#format.indexOf('%', this.#pos);
      out += this.#format.slice(this.#pos, at < 0 ? undefined : at);
      if (at < 0) break;
      this.#pos = at + 1;
      out += this.#directive();
    }
    return out + this.#extra();
  }

  #directive(): string {
    const flags = this.#flags();
    this.#argumentNumber();
    let problem = this.#width(flags);
    problem += this.#precision(flags);
    this.#argumentNumber();
    const code = this.#format.codePointAt(this.#pos);
    if (code === undefined) return `${problem}%!(NOVERB)`;
    const verb = String.fromCodePoint(code);
    this.#pos += verb.length;
    if (verb === '%') return `${problem}%`;
    if (this.#badIndex) {
      this.#badIndex = false;
      return `${problem}%!${verb}(BADINDEX)`;
    }
    if (this.#next >= this.#args.length) return `${problem}%!${verb}(MISSING)`;
    return problem + formatArg(verb, flags, this.#args[this.#next++]);
  }

  #flags(): Flags {
    const flags: Flags = {
      plus: false,
      minus: false,
      sharp: false,
      space: false,
      zero: false,
      width: undefined,
      precision: undefined,
    };
    for (; ; this.#pos++) {
      switch (this.#format[this.#pos]) {
        case '+':
          flags.plus = true;
          break;
        case '-':
          flags.minus = true;
          flags.zero = false;
          break;
        case '#':
          flags.sharp = true;
          break;
        case ' ':
          flags.space = true;
          break;
        case '0':
          flags.zero = !flags.minus;
          break;
        case undefined:
        default:
          return flags;
      }
    }
  }

  #width(flags: Flags): string {
    if (this.#format[this.#pos] !== '*') {
      flags.width = this.#digits();
      return '';
    }
    this.#pos++;
    const width = this.#star();
    if (width === undefined) return '%!(BADWIDTH)';
    if (width < 0) {
      flags.minus = true;
      flags.zero = false;
    }
    flags.width = Math.abs(width);
    return '';
  }

  #precision(flags: Flags): string {
    if (this.#format[this.#pos] !== '.') return '';
    this.#pos++;
    this.#argumentNumber();
    if (this.#format[this.#pos] !== '*') {
      flags.precision = this.#digits() ?? 0;
      return '';
    }
    this.#pos++;
    const precision = this.#star();
    if (precision === undefined || precision < 0) return '%!(BADPREC)';
    flags.precision = precision;
    return '';
  }

  #digits(): number | undefined {
    const match = /^\d+/.exec(this.#format.slice(this.#pos, this.#pos + 8));
    if (!match) return undefined;
    this.#pos += match[0].length;
    return Math.min(Number(match[0]), LARGEST_WIDTH);
  }

  #star(): number | undefined {
    const arg = this.#args[this.#next++];
    if (kindOf(arg) !== 'int') return undefined;
    const size = Number(intOf(arg));
    return Math.abs(size) <= LARGEST_WIDTH ? size : undefined;
  }

  /** `[2]`: the argument to use next, counted from 1. */
  #argumentNumber(): void {
    if (this.#format[this.#pos] !== '[') return;
    this.#reordered = true;
    const match = /^\[(\d+)\]/.exec(this.#format.slice(this.#pos, this.#pos + 12));
    const index = Number(match?.[1] ?? 0);
    if (!match || index < 1 || index > this.#args.length) {
      this.#badIndex = true;
      const close = this.#format.indexOf(']', this.#pos);
      this.#pos = close < 0 ? this.#pos + 1 : close + 1;
      return;
    }
    this.#pos += match[0].length;
    this.#next = index - 1;
  }

  #extra(): string {
    if (this.#reordered || this.#next >= this.#args.length) return '';
    const extra = this.#args.slice(this.#next).map((arg) => {
      return arg === null || arg === undefined ? '<nil>' : `${typeName(arg)}=${printValue(arg)}`;
    });
    return `%!(EXTRA ${extra.join(', ')})`;
  }
}

function formatArg(verb: string, flags: Flags, arg: GoValue): string {
  if (verb === 'T') return pad(typeName(arg), flags);
  if (arg === null || arg === undefined) return verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`;
  if ((isStringer(arg) || arg instanceof Error) && /[vsxXq]/.test(verb) && !(verb === 'v' && flags.sharp)) {
    return formatString(verb, flags, printValue(arg)) ?? bad(verb, flags, arg);
  }
  switch (kindOf(arg)) {
    case 'bool':
      return verb === 't' || verb === 'v' ? pad(String(truth(arg)), flags) : bad(verb, flags, arg);
    case 'int':
      return formatInt(verb, flags, intOf(arg)) ?? bad(verb, flags, arg);
    case 'float':
      return formatFloatArg(verb, flags, arg as number) ?? bad(verb, flags, arg);
    case 'string':
      return formatString(verb, flags, stringOf(arg)) ?? bad(verb, flags, arg);
    case 'slice':
      return `[${(arg as readonly unknown[]).map((item) => formatArg(verb, { ...flags }, item)).join(' ')}]`;
    case 'map': {
      const entries = sortedEntries(arg as ReadonlyMap<unknown, unknown>);
      const shown = entries.map(([k, v]) => `${formatArg(verb, flags, k)}:${formatArg(verb, flags, v)}`);
      return flags.sharp && verb === 'v'
        ? `${typeName(arg)}{${shown.join(', ')}}`
        : `map[${shown.join(' ')}]`;
    }
    case 'struct':
      if (isStringer(arg)) return bad(verb, flags, arg);
      return `{${fieldsOf(arg as object)
        .map(([, field]) => formatArg(verb, flags, field))
        .join(' ')}}`;
    case 'func':
    case 'invalid':
      return bad(verb, flags, arg);
  }
}

/** Go prints the value with the same flags behind the verb that does not suit it. */
function bad(verb: string, flags: Flags, arg: GoValue): string {
  const nested = kindOf(arg) === 'struct' ? printValue(arg) : formatArg('v', flags, arg);
  return `%!${verb}(${typeName(arg)}=${nested})`;
}

const BASES: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const BASE_PREFIXES: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' };

function formatInt(verb: string, flags: Flags, value: bigint): string | undefined {
  if (verb === 'c') return pad(character(value), flags);
  if (verb === 'q') return pad(quote(character(value), "'", flags.plus), flags);
  if (verb === 'U') {
    const code = value
      .toString(16)
      .toUpperCase()
      .padStart(Math.max(4, flags.precision ?? 0), '0');
    return pad(`U+${code}${flags.sharp ? ` '${character(value)}'` : ''}`, flags);
  }
  const base = BASES[verb];
  if (base === undefined) return undefined;
  const negative = value < 0n;
  let digits = (negative ? -value : value).toString(base);
  if (verb === 'X') digits = digits.toUpperCase();
  if (flags.precision !== undefined) {
    digits = flags.precision === 0 && value === 0n ? '' : digits.padStart(flags.precision, '0');
    if (digits === '') return pad('', flags);
  }
  const prefix = verb === 'O' ? '0o' : flags.sharp ? (BASE_PREFIXES[verb] ?? '') : '';
  return padNumber(sign(negative, flags), prefix, digits, flags, flags.precision === undefined);
}

function character(value: bigint): string {
  return value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd';
}

function sign(negative: boolean, flags: Flags): string {
  if (negative) return '-';
  if (flags.plus) return '+';
  return flags.space ? ' ' : '';
}

function formatFloatArg(verb: string, flags: Flags, value: number): string | undefined {
  if (!/[eEfFgGv]/.test(verb)) return undefined;
  const shortest = /[gGv]/.test(verb) ? -1 : 6;
  const text = formatFloat(value, verb === 'v' ? 'g' : verb, flags.precision ?? shortest);
  const negative = text.startsWith('-');
  const magnitude = text.replace(/^[-+]/, '');
  const finite = Number.isFinite(value);
  const infinityPlus = value === Infinity && !flags.space ? '+' : sign(negative, flags);
  return padNumber(finite ? sign(negative, flags) : infinityPlus, '', magnitude, flags, finite);
}

function padNumber(
  signText: string,
  prefix: string,
  digits: string,
  flags: Flags,
  zeroFill: boolean,
): string {
  const length = signText.length + prefix.length + digits.length;
  if (flags.zero && zeroFill && !flags.minus && (flags.width ?? 0) > length) {
    return signText + prefix + digits.padStart(digits.length + (flags.width ?? 0) - length, '0');
  }
  return pad(signText + prefix + digits, { ...flags, zero: false });
}

function formatString(verb: string, flags: Flags, text: string): string | undefined {
  switch (verb) {
    case 'v':
      return pad(flags.sharp ? quote(text) : truncated(text, flags), flags);
    case 's':
      return pad(truncated(text, flags), flags);
    case 'q': {
      const raw = flags.sharp && !text.includes('`');
      return pad(raw ? `\`${text}\`` : quote(truncated(text, flags), '"', flags.plus), flags);
    }
    case 'x':
    case 'X': {
      const bytes = Buffer.from(text).subarray(0, flags.precision).toString('hex');
      const spaced = flags.space ? bytes.replace(/(..)(?=.)/g, '$1 ') : bytes;
      const prefixed = flags.sharp && spaced !== '' ? `0x${spaced}` : spaced;
      return pad(verb === 'x' ? prefixed : prefixed.toUpperCase(), flags);
    }
    default:
      return undefined;
  }
}

/** Precision and width of strings count code points. */
function truncated(text: string, flags: Flags): string {
  return flags.precision === undefined ? text : Array.from(text).slice(0, flags.precision).join('');
}

function pad(text: string, flags: Flags): string {
  if (flags.width === undefined) return text;
  const missing = flags.width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.minus) return text + ' '.repeat(missing);
  return (flags.zero ? '0' : ' ').repeat(missing) + text;
}
