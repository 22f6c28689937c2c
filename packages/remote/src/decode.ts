/**
 * Write requests as columns. Each step of these generators is short, and decoding may pause between any two.
 *
 * Version 1 is `prometheus.WriteRequest`. Version 2, `io.prometheus.write.v2.Request`, writes every text once, in a
 * table of symbols that labels and metadata refer to by number.
 */
import {
  ProtobufReader,
  WIRE_BYTES,
  type Exemplar,
  type Labels,
  type Metadata,
  type MetricType,
} from '@prunella/metrics';
import type { WriteColumns } from './columns.ts';
import {
  METRIC_TYPES,
  readExemplar,
  readHistogram,
  readLabel,
  readMetadata,
  sortedLabels,
} from './messages.ts';
import { RemoteError } from './snappy.ts';

/** Fields read between two pauses. */
const FIELDS = 512;

/**
 * @param message is changed where the labels of a series do not follow each other
 * @param families metadata by metric family
 * @throws RemoteError, ProtobufError
 */
export function* decodeVersion1(
  message: Uint8Array,
  columns: WriteColumns,
  families: Map<string, Metadata>,
): Generator<void> {
  columns.bytes = message;
  const reader = new ProtobufReader(message);
  let fields = 0;
  while (reader.next()) {
    const { field }: { field: number } = reader;
    if (field === 1) {
      const outer = reader.enter();
      let labelsStart = reader.position;
      let labelsEnd = labelsStart;
      for (let fieldStart = reader.position; reader.next(); fieldStart = reader.position) {
        if (reader.field === 1 && reader.wire === WIRE_BYTES) {
          reader.skip();
          const fieldEnd = reader.position;
          if (labelsStart === labelsEnd) labelsStart = labelsEnd = fieldStart;
          // What lies between has been read: the labels close ranks over it.
          if (labelsEnd !== fieldStart) message.copyWithin(labelsEnd, fieldStart, fieldEnd);
          labelsEnd += fieldEnd - fieldStart;
        } else if (reader.field === 2) columns.readFloat(reader);
        else if (reader.field === 3)
          columns.exemplars.push({ series: columns.series, exemplar: readExemplar(reader.message()) });
        else if (reader.field === 4) addHistogram(reader, columns);
        else reader.skip();
        if (++fields % FIELDS === 0) yield;
      }
      reader.leave(outer);
      columns.endSeries(labelsStart, labelsEnd);
    } else if (field === 3) families.set(...readMetadata(reader.message()));
    else reader.skip();
    if (++fields % FIELDS === 0) yield;
  }
}

/**
 * @param maxLabelBytes what all labels together may take, written out
 * @throws RemoteError, ProtobufError
 */
export function* decodeVersion2(
  message: Uint8Array,
  columns: WriteColumns,
  maxLabelBytes: number,
): Generator<void> {
  const symbols = new Symbols(message);
  let fields = 0;
  for (const reader = new ProtobufReader(message); reader.next();) {
    if (reader.field === 4) symbols.read(reader);
    else reader.skip();
    if (++fields % FIELDS === 0) yield;
  }
  const labels = new LabelWriter(symbols, maxLabelBytes);
  const refs: number[] = [];
  const reader = new ProtobufReader(message);
  while (reader.next()) {
    const { field }: { field: number } = reader;
    if (field === 5) {
      const outer = reader.enter();
      const series = columns.series;
      refs.length = 0;
      let holds = 0;
      while (reader.next()) {
        if (reader.field === 1) readRefs(reader, refs);
        else if (reader.field === 2) columns.readFloat(reader);
        else if (reader.field === 3) addHistogram(reader, columns);
        else if (reader.field === 4) {
          const exemplar = readExemplar2(reader.message(), symbols);
          if (exemplar) columns.exemplars.push({ series, exemplar });
        } else if (reader.field === 5)
          columns.metadata.push({ series, metadata: readMetadata2(reader.message(), symbols) });
        else reader.skip();
        if (reader.field >= 2 && reader.field <= 4) holds += 1;
        if (++fields % FIELDS === 0) yield;
      }
      reader.leave(outer);
      const start = labels.length;
      const fault =
        labels.write(refs) ?? (holds === 0 ? 'a series without a sample or histogram' : undefined);
      if (fault !== undefined) columns.faults.set(series, fault);
      columns.endSeries(start, labels.length);
    } else reader.skip();
    if (++fields % FIELDS === 0) yield;
  }
  columns.bytes = labels.bytes;
}

/** The labels at a place of `WriteColumns.bytes`. @throws RemoteError, ProtobufError where they are none */
export function labelsAt(bytes: Uint8Array, start: number, end: number): Labels {
  const entries: [string, string][] = [];
  const reader = new ProtobufReader(bytes, start, end);
  while (reader.next()) entries.push(readLabel(reader.message()));
  return sortedLabels(entries);
}

function addHistogram(reader: ProtobufReader, columns: WriteColumns): void {
  const { time, histogram } = readHistogram(reader.message());
  if (histogram) columns.histograms.push({ series: columns.series, time, histogram });
}

/** The texts of a request of version 2, by number. */
class Symbols {
  readonly #message: Uint8Array;
  readonly starts: number[] = [];
  readonly lengths: number[] = [];
  #texts: (string | undefined)[] = [];

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  get message(): Uint8Array {
    return this.#message;
  }

  get size(): number {
    return this.starts.length;
  }

  read(reader: ProtobufReader): void {
    const outer = reader.enter();
    const start = reader.position;
    reader.leave(outer);
    this.starts.push(start);
    this.lengths.push(reader.position - start);
  }

  /** @throws RemoteError for a number that is not in the table, and for what is not UTF-8 */
  text(ref: number): string {
    const known = this.#texts[ref];
    if (known !== undefined) return known;
    if (ref >= this.size) throw new RemoteError(`symbol ${ref} is not among the ${this.size} of the request`);
    const start = this.starts[ref] as number;
    const bytes = this.#message.subarray(start, start + (this.lengths[ref] as number));
    try {
      return (this.#texts[ref] = utf8.decode(bytes));
    } catch (cause) {
      throw new RemoteError(`symbol ${ref} is not UTF-8`, { cause });
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function readRefs(reader: ProtobufReader, into: number[]): void {
  if (reader.wire !== WIRE_BYTES) {
    into.push(reader.varint());
    return;
  }
  const outer = reader.enter();
  while (!reader.done) into.push(reader.varint());
  reader.leave(outer);
}

function readExemplar2(reader: ProtobufReader, symbols: Symbols): Exemplar | undefined {
  const refs: number[] = [];
  let value = 0;
  let timestamp = 0;
  while (reader.next()) {
    if (reader.field === 1) readRefs(reader, refs);
    else if (reader.field === 2) value = reader.double();
    else if (reader.field === 3) timestamp = reader.int64();
    else reader.skip();
  }
  if (refs.length % 2 !== 0) throw new RemoteError('an exemplar has a label without a value');
  const labels: [string, string][] = [];
  for (let i = 0; i < refs.length; i += 2)
    labels.push([symbols.text(refs[i] as number), symbols.text(refs[i + 1] as number)]);
  return { labels: sortedLabels(labels), value, timestamp };
}

function readMetadata2(reader: ProtobufReader, symbols: Symbols): Metadata {
  let type: MetricType = 'unknown';
  let help = '';
  let unit = '';
  while (reader.next()) {
    if (reader.field === 1) type = METRIC_TYPES[reader.varint()] ?? 'unknown';
    else if (reader.field === 3) help = symbols.text(reader.varint());
    else if (reader.field === 4) unit = symbols.text(reader.varint());
    else reader.skip();
  }
  return { type, help, unit };
}

/** Writes out labels given by symbols as version 1 would, so that both mean the same bytes by one series. */
class LabelWriter {
  readonly #symbols: Symbols;
  readonly #maxBytes: number;
  bytes: Uint8Array;
  length = 0;

  constructor(symbols: Symbols, maxBytes: number) {
    this.#symbols = symbols;
    this.#maxBytes = maxBytes;
    this.bytes = new Uint8Array(Math.min(maxBytes, Math.max(4096, symbols.message.length)));
  }

  /** @returns what is wrong with the labels. @throws RemoteError where all labels together are too long */
  write(refs: readonly number[]): string | undefined {
    const { lengths, size } = this.#symbols;
    if (refs.length % 2 !== 0) return 'a label without a value';
    const start = this.length;
    for (let i = 0; i < refs.length; i += 2) {
      const name = refs[i] as number;
      const value = refs[i + 1] as number;
      if (name >= size || value >= size) {
        this.length = start;
        return `symbol ${Math.max(name, value)} is not among the ${size} of the request`;
      }
      const nameLength = lengths[name] as number;
      const valueLength = lengths[value] as number;
      this.#reserve(nameLength + valueLength + 18);
      this.#head(0x0a, 2 + sizeOf(nameLength) + nameLength + sizeOf(valueLength) + valueLength);
      this.#text(0x0a, name);
      this.#text(0x12, value);
    }
    return undefined;
  }

  #head(tag: number, length: number): void {
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = tag;
    let rest = length;
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
    this.length = at;
  }

  #text(tag: number, ref: number): void {
    const { bytes } = this;
    const { message, starts, lengths } = this.#symbols;
    const from = starts[ref] as number;
    const length = lengths[ref] as number;
    this.#head(tag, length);
    const at = this.length;
    for (let i = 0; i < length; i++) bytes[at + i] = message[from + i] as number;
    this.length = at + length;
  }

  #reserve(length: number): void {
    const needed = this.length + length;
    if (needed > this.#maxBytes) throw new RemoteError(`the labels have more than ${this.#maxBytes} bytes`);
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** Bytes of a varint. */
function sizeOf(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}
