import type { Matcher, SelectHints, Series, Pacer } from '@prunella/metrics';

/** Something that holds series: the head or a block. A querier merges several. */
export interface Source {
  /** Matching series with samples in [mint, maxt], in label order, in batches. Problems go to `warn`. */
  select(query: SourceQuery): AsyncIterable<readonly Series[]>;
  /** Names of labels of matching series, in any order. */
  labelNames(matchers: readonly Matcher[]): Promise<Iterable<string>>;
  /** Values of a label of matching series, in any order. */
  labelValues(name: string, matchers: readonly Matcher[]): Promise<Iterable<string>>;
}

export interface SourceQuery {
  readonly matchers: readonly Matcher[];
  /** ms, both inclusive. */
  readonly mint: number;
  readonly maxt: number;
  readonly hints: SelectHints;
  readonly warn: (message: string) => void;
  /** One for all sources of a query, so that together they keep within a slice. */
  readonly pacer: Pacer;
}
