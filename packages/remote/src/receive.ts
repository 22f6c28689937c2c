import { AppendError, METRIC_NAME, type Appendable, type Appender, type SeriesRef } from '@prunella/metrics';
import { decodeWriteRequest, type RemoteSeries } from './messages.ts';
import { RemoteError, uncompress } from './snappy.ts';

export interface ReceiveOptions {
  /** Of the message when it is decompressed. @default 32 MiB */
  readonly maxBytes?: number;
}

/** What became of a request. */
export interface ReceiveResult {
  readonly stored: number;
  /** Samples that the storage does not take (too old, out of order, …), and why the first of them. */
  readonly refused: number;
  readonly reason: string;
}

const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

/**
 * Stores the samples of a remote write 1.0 request (snappy, protobuf). What can be stored is stored, as the standard
 * wants it: a sample that nobody will ever take must not hold up the others.
 * @throws RemoteError where the request is bad as a whole, AppendError where the storage is
 */
export async function receiveWrite(
  storage: Appendable,
  body: Uint8Array,
  { maxBytes = DEFAULT_MAX_BYTES }: ReceiveOptions = {},
): Promise<ReceiveResult> {
  const { series, metadata } = decodeWriteRequest(uncompress(body, maxBytes));
  const unnamed = series.find(({ labels }) => !labels.has(METRIC_NAME));
  if (unnamed) throw new RemoteError(`a series without a metric name: ${unnamed.labels.toString()}`);
  const appender = storage.appender();
  const result = { stored: 0, refused: 0, reason: '' };
  const describe = new Map(metadata);
  try {
    for (const each of series) {
      const ref = appendSeries(appender, each, result);
      const known = describe.get(each.labels.metricName);
      if (known && ref !== 0) appender.updateMetadata(ref, each.labels, known);
    }
    await appender.commit();
  } catch (error) {
    appender.rollback();
    throw error;
  }
  return result;
}

function appendSeries(
  appender: Appender,
  { labels, samples, exemplars }: RemoteSeries,
  result: { stored: number; refused: number; reason: string },
): SeriesRef {
  let ref: SeriesRef = 0;
  for (const { time, value, stale, histogram } of samples) {
    try {
      if (histogram) ref = appender.appendHistogram(ref, labels, time, histogram);
      else if (stale) ref = appender.appendStale(ref, labels, time);
      else ref = appender.append(ref, labels, time, value);
      result.stored += 1;
    } catch (error) {
      if (!(error instanceof AppendError) || error.code === 'storage') throw error;
      result.refused += 1;
      result.reason ||= `${error.message} (${labels.toString()})`;
    }
  }
  for (const exemplar of exemplars) {
    try {
      if (ref !== 0) appender.appendExemplar(ref, labels, exemplar);
    } catch (error) {
      if (!(error instanceof AppendError)) throw error;
    }
  }
  return ref;
}
