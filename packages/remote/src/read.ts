/** Remote read: answering it, in the form with whole samples. */
import {
  isStaleAt,
  Matcher,
  ProtobufReader,
  ProtobufWriter,
  RegexError,
  wordsOf,
  type MatchType,
  type Queryable,
  type Series,
} from '@prunella/metrics';
import { readMessage, writeSeries, type RemoteSample } from './messages.ts';
import { compress, RemoteError, uncompress } from './snappy.ts';

export interface ReadQuery {
  /** ms, inclusive */
  readonly start: number;
  /** ms, inclusive */
  readonly end: number;
  readonly matchers: readonly Matcher[];
}

const MATCH_TYPES: readonly MatchType[] = ['=', '!=', '=~', '!~'];
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;
/** Of all queries of a request together; Prometheus's own default. */
const MAX_SAMPLES = 50_000_000;

/**
 * Answers a remote read request (snappy, protobuf) with the samples themselves.
 * @returns the body: `application/x-protobuf`, snappy
 * @throws RemoteError for a bad request or one for too much
 */
export async function answerRead(storage: Queryable, body: Uint8Array): Promise<Uint8Array> {
  const queries = decodeReadRequest(uncompress(body, MAX_REQUEST_BYTES));
  const writer = new ProtobufWriter();
  let left = MAX_SAMPLES;
  for (const query of queries) {
    const found = await select(storage, query);
    left -= found.reduce((count, { samples }) => count + samples.timestamps.length, 0);
    if (left < 0) throw new RemoteError('the request is for too many samples');
    writer.message(1, () => {
      for (const series of found)
        writer.message(1, () =>
          writeSeries(writer, { labels: series.labels, samples: toSamples(series), exemplars: [] }),
        );
    });
  }
  return compress(writer.finish());
}

async function select(storage: Queryable, { start, end, matchers }: ReadQuery): Promise<Series[]> {
  const querier = storage.querier(start, end);
  try {
    const found: Series[] = [];
    for await (const batch of querier.select(matchers)) found.push(...batch);
    return found;
  } finally {
    querier.close();
  }
}

function toSamples({ samples }: Series): RemoteSample[] {
  const { timestamps, values, histograms } = samples;
  const words = wordsOf(values);
  return Array.from(timestamps, (time, i) => {
    const histogram = histograms?.[i];
    return {
      time,
      value: values[i] as number,
      ...(isStaleAt(words, i) && { stale: true }),
      ...(histogram && { histogram }),
    };
  });
}

/** @throws RemoteError */
export function decodeReadRequest(message: Uint8Array): ReadQuery[] {
  return readMessage(() => {
    const queries: ReadQuery[] = [];
    const reader = new ProtobufReader(message);
    while (reader.next()) {
      if (reader.field === 1) queries.push(readQuery(reader.message()));
      else reader.skip();
    }
    return queries;
  });
}

function readQuery(reader: ProtobufReader): ReadQuery {
  let start = 0;
  let end = 0;
  const matchers: Matcher[] = [];
  while (reader.next()) {
    if (reader.field === 1) start = reader.int64();
    else if (reader.field === 2) end = reader.int64();
    else if (reader.field === 3) matchers.push(readMatcher(reader.message()));
    else reader.skip();
  }
  return { start, end, matchers };
}

function readMatcher(reader: ProtobufReader): Matcher {
  let type = 0;
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) type = reader.varint();
    else if (reader.field === 2) name = reader.string();
    else if (reader.field === 3) value = reader.string();
    else reader.skip();
  }
  const kind = MATCH_TYPES[type];
  if (kind === undefined) throw new RemoteError(`unknown matcher type ${type}`);
  try {
    return new Matcher(kind, name, value);
  } catch (error) {
    if (error instanceof RegexError) throw new RemoteError(error.message, { cause: error });
    throw error;
  }
}

export function encodeReadRequest(queries: readonly ReadQuery[]): Uint8Array {
  const writer = new ProtobufWriter();
  for (const { start, end, matchers } of queries) {
    writer.message(1, () => {
      writer.int64(1, start);
      writer.int64(2, end);
      for (const { type, name, value } of matchers) {
        writer.message(3, () => {
          writer.uint64(1, MATCH_TYPES.indexOf(type));
          writer.string(2, name);
          writer.string(3, value);
        });
      }
    });
  }
  return writer.finish();
}
