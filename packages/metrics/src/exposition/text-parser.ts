import { Labels } from '../labels.ts';
import type { Exemplar, Metadata } from '../storage.ts';
import { readMetadata } from './metadata.ts';
import { NumberReader } from './number.ts';
import { ExpositionError, type ExpositionParser } from './parser.ts';
import { SeriesTable } from './series-table.ts';
import { endOfLabels, endOfSeries, isBlank, parseLabelSet, parseSeries } from './series.ts';

const NEWLINE = 0x0a;
const HASH = 0x23;
const OPEN = 0x7b;
/** In place of a series's number: the line is a comment. */
const COMMENT = -1;

const NO_EXEMPLARS: readonly Exemplar[] = [];

/** Which series stood on which line of a body: offsets into it, in the order of its lines. */
class LineIndex {
  starts = new Int32Array(64);
  lengths = new Int32Array(64);
  series = new Int32Array(64);
  count = 0;
  comments = 0;

  push(start: number, length: number, series: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.lengths[this.count] = length;
    this.series[this.count] = series;
    this.count += 1;
    if (series === COMMENT) this.comments += 1;
  }

  clear(): void {
    this.count = 0;
    this.comments = 0;
  }

  #grow(): void {
    const grow = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.starts = grow(this.starts);
    this.lengths = grow(this.lengths);
    this.series = grow(this.series);
  }
}

/**
 * Reads text 0.0.4 and OpenMetrics 1.0. A target exposes nearly the same lines every time, so each line is first
 * compared, byte by byte and in place, with the line that stood there in the last body; only a line that differs is
 * looked up by a string, and only a new one is parsed.
 */
export class TextParser implements ExpositionParser {
  readonly table: SeriesTable;
  series = 0;
  value = 0;
  timestamp: number = NaN;
  exemplars: readonly Exemplar[] = NO_EXEMPLARS;
  readonly histogram = undefined;

  readonly #openMetrics: boolean;
  readonly #number = new NumberReader();
  #metadata: ReadonlyMap<string, Metadata> = new Map();
  #body: Buffer = Buffer.alloc(0);
  #view: DataView = viewOf(this.#body);
  #previousView: DataView = this.#view;
  #lines = new LineIndex();
  #previousLines = new LineIndex();
  /** Of each series, its line in the previous body. Made when a body differs for the first time. */
  #lineOf = new Int32Array(64);
  #lineOfIsMade = false;
  /** The line of the previous body that is expected next. */
  #expected = 0;
  #at = 0;
  #commentsDiffer = false;

  constructor(format: 'text' | 'openmetrics', table: SeriesTable = new SeriesTable()) {
    this.#openMetrics = format === 'openmetrics';
    this.table = table;
  }

  get metadata(): ReadonlyMap<string, Metadata> {
    return this.#metadata;
  }

  start(body: Uint8Array): void {
    const next = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    if (this.#openMetrics && !/(?:^|\n)# EOF\n?$/.test(next.toString('latin1', Math.max(0, next.length - 8))))
      throw new ExpositionError('the data does not end with # EOF');
    [this.#lines, this.#previousLines] = [this.#previousLines, this.#lines];
    this.#lines.clear();
    this.#previousView = this.#view;
    this.#view = viewOf(next);
    this.#body = next;
    this.#expected = 0;
    this.#at = 0;
    this.#commentsDiffer = false;
    this.#lineOfIsMade = false;
  }

  next(): boolean {
    const body = this.#body;
    for (;;) {
      while (isBlank(body[this.#at]) || body[this.#at] === NEWLINE) this.#at++;
      if (this.#at >= body.length) break;
      const start = this.#at;
      const series = this.#asExpected() ? this.#takeExpected() : this.#takeOther();
      this.#lines.push(start, this.#at - start, series);
      if (series === COMMENT) continue;
      this.series = series;
      this.#readSample();
      return true;
    }
    if (this.#commentsDiffer || this.#lines.comments !== this.#previousLines.comments)
      this.#metadata = readMetadata(body, this.#openMetrics);
    return false;
  }

  #makeLineOf(): void {
    this.#lineOfIsMade = true;
    const { series, count } = this.#previousLines;
    if (this.#lineOf.length < this.table.capacity) this.#lineOf = new Int32Array(this.table.capacity * 2);
    this.#lineOf.fill(-1);
    for (let i = 0; i < count; i++) {
      const id = series[i] as number;
      if (id !== COMMENT) this.#lineOf[id] = i;
    }
  }

  /** Whether the line here is, up to its value, the line expected. */
  #asExpected(): boolean {
    const lines = this.#previousLines;
    const i = this.#expected;
    if (i >= lines.count) return false;
    const length = lines.lengths[i] as number;
    const end = this.#at + length;
    const body = this.#body;
    if (
      end > body.length ||
      !equalBytes(this.#view, this.#at, this.#previousView, lines.starts[i] as number, length)
    )
      return false;
    if (lines.series[i] === COMMENT) return end === body.length || body[end] === NEWLINE;
    if (!isBlank(body[end])) return false;
    let after = end + 1;
    while (isBlank(body[after])) after++;
    return body[after] !== OPEN;
  }

  #takeExpected(): number {
    const i = this.#expected++;
    this.#at += this.#previousLines.lengths[i] as number;
    return this.#previousLines.series[i] as number;
  }

  #takeOther(): number {
    const body = this.#body;
    const start = this.#at;
    if (body[start] === HASH) {
      const newline = body.indexOf(NEWLINE, start);
      this.#at = newline < 0 ? body.length : newline;
      this.#commentsDiffer = true;
      if (this.#previousLines.series[this.#expected] === COMMENT) this.#expected++;
      return COMMENT;
    }
    const end = this.#located(() => endOfSeries(body, start));
    this.#at = end;
    const key = body.toString('latin1', start, end);
    const known = this.table.find(key);
    if (known === undefined)
      return this.table.add(
        key,
        this.#located(() => parseSeries(body, start, end)),
      );
    if (!this.#lineOfIsMade) this.#makeLineOf();
    const line = this.#lineOf[known] ?? -1;
    if (line >= 0) this.#expected = line + 1;
    return known;
  }

  #readSample(): void {
    this.value = this.#readNumber('value');
    this.timestamp = NaN;
    this.exemplars = NO_EXEMPLARS;
    const body = this.#body;
    this.#skipBlanks();
    if (this.#at < body.length && body[this.#at] !== NEWLINE && body[this.#at] !== HASH) {
      const timestamp = this.#readNumber('timestamp');
      this.timestamp = this.#openMetrics ? Math.round(timestamp * 1000) : timestamp;
      if (!Number.isSafeInteger(this.timestamp)) throw this.#error('bad timestamp');
      this.#skipBlanks();
    }
    if (this.#openMetrics && body[this.#at] === HASH) this.#readExemplar();
    if (this.#at < body.length && body[this.#at] !== NEWLINE) throw this.#error('text behind the sample');
  }

  #readExemplar(): void {
    this.#at++;
    this.#skipBlanks();
    if (this.#body[this.#at] !== OPEN) throw this.#error('expected the labels of an exemplar');
    const start = this.#at;
    this.#at = this.#located(() => endOfLabels(this.#body, start));
    const labels = this.#located(() => parseLabelSet(this.#body, start, this.#at));
    const value = this.#readNumber('value of an exemplar');
    this.#skipBlanks();
    const timed = this.#at < this.#body.length && this.#body[this.#at] !== NEWLINE;
    const timestamp = timed ? Math.round(this.#readNumber('timestamp of an exemplar') * 1000) : undefined;
    this.#skipBlanks();
    this.exemplars = [{ labels, value, ...(timestamp !== undefined && { timestamp }) }];
  }

  #readNumber(what: string): number {
    this.#skipBlanks();
    const value = this.#number.read(this.#body, this.#at);
    if (value === undefined) throw this.#error(`expected a ${what}`);
    this.#at = this.#number.end;
    return value;
  }

  #skipBlanks(): void {
    while (isBlank(this.#body[this.#at])) this.#at++;
  }

  #located<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw error instanceof ExpositionError ? this.#error(error.message) : error;
    }
  }

  #error(message: string): ExpositionError {
    const before = this.#body.subarray(0, this.#at);
    const line = before.reduce((count, byte) => count + (byte === NEWLINE ? 1 : 0), 1);
    const start = before.lastIndexOf(NEWLINE) + 1;
    const newline = this.#body.indexOf(NEWLINE, this.#at);
    const text = this.#body.toString(
      'utf8',
      start,
      Math.min(newline < 0 ? this.#body.length : newline, start + 200),
    );
    return new ExpositionError(`line ${line}: ${message}: ${JSON.stringify(text)}`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** From the end: lines of one family differ there, and share their beginnings. Four bytes at a time. */
function equalBytes(a: DataView, aStart: number, b: DataView, bStart: number, length: number): boolean {
  let i = length;
  while (i >= 4) {
    i -= 4;
    if (a.getInt32(aStart + i) !== b.getInt32(bStart + i)) return false;
  }
  while (i > 0) {
    i -= 1;
    if (a.getUint8(aStart + i) !== b.getUint8(bStart + i)) return false;
  }
  return true;
}

/** The labels of an exposition's line, for tests and tools. */
export function parseSeriesText(text: string): Labels {
  const bytes = Buffer.from(text);
  return parseSeries(bytes, 0, bytes.length);
}
