import type { FloatHistogram, Histogram } from '../histogram/histogram.ts';
import type { Exemplar, MetricType } from '../storage.ts';

/** What a writer writes: the metrics under one name. */
export interface MetricFamily {
  /** As text 0.0.4 has it: a counter's name ends with `_total` where the author ended it so. */
  readonly name: string;
  readonly type: MetricType;
  readonly help?: string;
  readonly unit?: string;
  readonly metrics: readonly Metric[];
}

export interface Metric {
  /** What follows the family's name in this sample's: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
  /** Without the name. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** ms since the epoch */
  readonly timestamp?: number;
  readonly exemplar?: Exemplar;
  /** A native histogram; only protobuf can show it. */
  readonly histogram?: Histogram | FloatHistogram;
}
