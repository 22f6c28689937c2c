/**
 * The storage ports: how samples go in and come out. `tsdb` implements them; `scrape`, `rules` and `remote` write
 * through `Appendable`, `promql` and `remote` read through `Queryable`. Times are milliseconds since the epoch.
 */
import type { ChangeLog } from './changes.ts';
import type { FloatHistogram, Histogram } from './histogram/histogram.ts';
import type { Labels } from './labels.ts';
import type { Matcher } from './matcher.ts';
import type { SampleColumns } from './sample.ts';

/** A storage's own number for a series; 0 means "not known yet". Valid until the storage says otherwise. */
export type SeriesRef = number;

export interface Appendable {
  appender(): Appender;
}

/**
 * Collects samples of one batch. Nothing is visible before `commit` resolves, everything is after it, and a resolved
 * commit survives `kill -9`. Not for concurrent use; make one per batch.
 */
export interface Appender {
  /**
   * Adds a sample. Pass the reference that the last call for this series returned to skip the look-up by labels; who
   * does not have them at hand may then give empty ones, and hears `invalid_labels` where the storage has forgotten the
   * reference.
   * A NaN whose exact bits matter must come through `appendStale`.
   * @returns the series's reference, for next time
   * @throws AppendError; the batch stays usable
   */
  append(ref: SeriesRef, labels: Labels, t: number, v: number, startTimestamp?: number): SeriesRef;
  /** Adds the marker that the series has ended at `t`. @throws AppendError */
  appendStale(ref: SeriesRef, labels: Labels, t: number): SeriesRef;
  /** @throws AppendError */
  appendHistogram(
    ref: SeriesRef,
    labels: Labels,
    t: number,
    h: Histogram | FloatHistogram,
    startTimestamp?: number,
  ): SeriesRef;
  /** Attaches an exemplar to a series that has been appended to. @throws AppendError */
  appendExemplar(ref: SeriesRef, labels: Labels, exemplar: Exemplar): SeriesRef;
  /** Remembers a metric's type, help and unit. */
  updateMetadata(ref: SeriesRef, labels: Labels, metadata: Metadata): SeriesRef;
  commit(): Promise<void>;
  rollback(): void;
}

export type AppendErrorCode =
  /** An older sample than the series's newest, outside the out-of-order window. */
  | 'out_of_order'
  /** The same time as the newest sample, another value. */
  | 'duplicate'
  /** Older than everything the storage still accepts. */
  | 'too_old'
  | 'out_of_bounds'
  /** Labels without a name or with a name twice, … */
  | 'invalid_labels'
  | 'invalid_histogram'
  /** The disk refused. */
  | 'storage';

export class AppendError extends Error {
  override name = 'AppendError';
  readonly code: AppendErrorCode;
  constructor(code: AppendErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  /** ms; absent = the time of the sample beside it. */
  readonly timestamp?: number;
}

export type MetricType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

export interface Metadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

export interface Queryable {
  /** A consistent view of the samples with mint <= t <= maxt (both inclusive, ms). Close it. */
  querier(mint: number, maxt: number): Querier;
  /** What changes, where the storage keeps account of it: without, no reader may keep results. */
  readonly changes?: ChangeLog;
}

export interface Series {
  readonly labels: Labels;
  readonly samples: SampleColumns;
}

/** What the reader is about to do with the series, so that a storage may read less. All optional. */
export interface SelectHints {
  /** Narrower than the querier's range: ms, inclusive. */
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
  /** Name of the function applied, e.g. `rate`; `series` = only labels are wanted. */
  readonly func?: string;
  readonly limit?: number;
  /** Grouping of the aggregation above, where there is one. */
  readonly by?: boolean;
  readonly grouping?: readonly string[];
}

export interface Querier {
  /**
   * The series that match all matchers, in label order (`Labels.compare`), each once, in batches; the storage may
   * yield to the event loop between batches. Series without samples in the range may be left out.
   */
  select(matchers: readonly Matcher[], hints?: SelectHints): AsyncIterable<readonly Series[]>;
  /** Sorted names of the labels of matching series. */
  labelNames(matchers: readonly Matcher[], limit?: number): Promise<string[]>;
  /** Sorted values of one label of matching series. */
  labelValues(name: string, matchers: readonly Matcher[], limit?: number): Promise<string[]>;
  /** Problems met while reading (damaged ranges …): messages for people. Complete after the last batch. */
  readonly warnings: readonly string[];
  close(): void;
}

export interface ExemplarQueryable {
  /** Exemplars of matching series, by series. `matchers` holds alternatives, each a conjunction. */
  exemplars(
    mint: number,
    maxt: number,
    matchers: readonly (readonly Matcher[])[],
  ): Promise<readonly { labels: Labels; exemplars: readonly Exemplar[] }[]>;
}
