/** The label syntax that the text formats share: `name{label="value",…}`, and `{"any name","any label"="value"}`. */
import { compareStrings, Labels, METRIC_NAME } from '../labels.ts';
import { ExpositionError } from './parser.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE = 0x20;
const TAB = 0x09;

/** Where the series that begins at `start` ends: behind its closing brace, or behind its name. */
export function endOfSeries(body: Uint8Array, start: number): number {
  let at = start;
  while (at < body.length && !isBlank(body[at]) && body[at] !== OPEN && body[at] !== NEWLINE) at++;
  let brace = at;
  while (isBlank(body[brace])) brace++;
  return body[brace] === OPEN ? endOfLabels(body, brace) : at;
}

/** Behind the brace that closes the one at `start`. */
export function endOfLabels(body: Uint8Array, start: number): number {
  let quoted = false;
  for (let at = start + 1; at < body.length; at++) {
    const byte = body[at];
    if (byte === NEWLINE) break;
    if (quoted && byte === BACKSLASH) at++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (byte === CLOSE && !quoted) return at + 1;
  }
  throw new ExpositionError('unclosed label braces');
}

export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** Reads the series in `body[start, end)`. @throws ExpositionError */
export function parseSeries(body: Uint8Array, start: number, end: number): Labels {
  const text = decode(body, start, end);
  return parsePlainSeries(text) ?? new SeriesReader(text).series();
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Fast path: `name{label="value",…}` as client libraries write it, without blanks, escapes and quoted names.
 * @returns undefined for anything else, be it valid or not
 */
function parsePlainSeries(text: string): Labels | undefined {
  const open = text.indexOf('{');
  const metric = open < 0 ? text : text.slice(0, open);
  if (!NAME.test(metric)) return undefined;
  const pairs = [METRIC_NAME, metric];
  if (open >= 0) {
    if (text.includes('\\')) return undefined;
    for (let at = open + 1; text[at] !== '}';) {
      const equals = text.indexOf('="', at);
      const quote = equals < 0 ? -1 : text.indexOf('"', equals + 2);
      if (quote < 0) return undefined;
      const name = text.slice(at, equals);
      if (!LABEL.test(name)) return undefined;
      if (quote > equals + 2) insertSorted(pairs, name, text.slice(equals + 2, quote));
      if (text[quote + 1] === ',') at = quote + 2;
      else if (text[quote + 1] === '}') at = quote + 1;
      else return undefined;
    }
    if (!text.endsWith('}')) return undefined;
  }
  for (let i = 2; i < pairs.length; i += 2) if (pairs[i] === pairs[i - 2]) return undefined;
  return Labels.fromSortedPairs(pairs);
}

/** Labels mostly come in order: then this only appends. */
function insertSorted(pairs: string[], name: string, value: string): void {
  let at = pairs.length;
  while (at > 0 && compareStrings(pairs[at - 2] as string, name) > 0) at -= 2;
  if (at === pairs.length) pairs.push(name, value);
  else pairs.splice(at, 0, name, value);
}

/** Reads a brace-enclosed label set in `body[start, end)` that needs no name. */
export function parseLabelSet(body: Uint8Array, start: number, end: number): Labels {
  return new SeriesReader(decode(body, start, end)).labelSet();
}

function decode(body: Uint8Array, start: number, end: number): string {
  try {
    return utf8.decode(body.subarray(start, end));
  } catch {
    throw new ExpositionError('invalid UTF-8');
  }
}

const LEGACY_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const STRING = /"((?:[^"\\\n]|\\[\\"n])*)"/y;
const BLANKS = /[ \t]*/y;

class SeriesReader {
  readonly #text: string;
  #at = 0;
  readonly #entries: [string, string][] = [];

  constructor(text: string) {
    this.#text = text;
  }

  series(): Labels {
    const name = this.#take(LEGACY_NAME);
    if (name !== undefined) this.#entries.push([METRIC_NAME, name]);
    this.#blanks();
    if (this.#at < this.#text.length) this.#braces(name === undefined);
    if (this.#entries[0]?.[0] !== METRIC_NAME) throw this.#error('a sample without a metric name');
    return this.#labels();
  }

  labelSet(): Labels {
    this.#braces(false);
    return this.#labels();
  }

  #braces(nameInside: boolean): void {
    this.#expect('{');
    for (let first = true; ; first = false) {
      this.#blanks();
      if (this.#text[this.#at] === '}') break;
      this.#label(first && nameInside);
      this.#blanks();
      if (this.#text[this.#at] !== '}') this.#expect(',');
    }
    this.#at++;
    if (this.#at !== this.#text.length) throw this.#error('text behind the labels');
  }

  #label(mayBeName: boolean): void {
    const quoted = this.#take(STRING);
    const name = quoted === undefined ? this.#take(LABEL_NAME) : unescape(quoted.slice(1, -1));
    if (name === undefined) throw this.#error('expected a label name');
    this.#blanks();
    if (mayBeName && quoted !== undefined && this.#text[this.#at] !== '=') {
      this.#entries.push([METRIC_NAME, name]);
      return;
    }
    this.#expect('=');
    this.#blanks();
    const value = this.#take(STRING);
    if (value === undefined) throw this.#error('expected a label value in double quotes');
    this.#entries.push([name, unescape(value.slice(1, -1))]);
  }

  #labels(): Labels {
    const entries = this.#entries.sort((a, b) => compareStrings(a[0], b[0]));
    const twice = entries.find(([name], i) => entries[i + 1]?.[0] === name);
    if (twice) throw this.#error(`label name ${JSON.stringify(twice[0])} is not unique`);
    return Labels.fromSortedPairs(entries.filter(([, value]) => value !== '').flat());
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #blanks(): void {
    this.#take(BLANKS);
  }

  #expect(character: string): void {
    if (this.#text[this.#at] !== character) throw this.#error(`expected ${JSON.stringify(character)}`);
    this.#at++;
  }

  #error(message: string): ExpositionError {
    return new ExpositionError(`${message} in ${JSON.stringify(this.#text.slice(0, 200))}`);
  }
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)) : text;
}
