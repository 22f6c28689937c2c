import type { FloatHistogram, Histogram } from '../histogram/histogram.ts';
import type { Exemplar, Metadata } from '../storage.ts';
import type { SeriesTable } from './series-table.ts';

/**
 * Reads bodies of one target, one after the other, sample by sample without an object per sample:
 * `parser.start(body); while (parser.next()) use(parser.series, parser.value, parser.timestamp)`.
 */
export interface ExpositionParser {
  readonly table: SeriesTable;
  /** Begins with a body, which must not be changed until the one after it was started. @throws ExpositionError */
  start(body: Uint8Array): void;
  /** Moves to the next sample; false at the end. @throws ExpositionError */
  next(): boolean;

  /** The sample that `next` stands on: number of its series in `table`, … */
  readonly series: number;
  readonly value: number;
  /** … ms since the epoch, NaN where the target gave none, … */
  readonly timestamp: number;
  /** … set where the sample is a native histogram (`value` is then without meaning), … */
  readonly histogram: Histogram | FloatHistogram | undefined;
  /** … and mostly empty. */
  readonly exemplars: readonly Exemplar[];

  /** By metric family. Complete when `next` has returned false. */
  readonly metadata: ReadonlyMap<string, Metadata>;
}

/** The body breaks the format. */
export class ExpositionError extends Error {
  override name = 'ExpositionError';
}
