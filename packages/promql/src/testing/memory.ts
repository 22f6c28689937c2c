import {
  Labels,
  setStaleAt,
  wordsOf,
  type FloatHistogram,
  type Matcher,
  type Querier,
  type Queryable,
  type Series,
} from '@prunella/metrics';
import { hasDropped } from '../histogram/algebra.ts';

interface Column {
  readonly labels: Labels;
  readonly times: number[];
  /** NaN with `stale` set is a stale marker. */
  readonly values: number[];
  readonly stale: boolean[];
  readonly histograms: (FloatHistogram | undefined)[];
  /** ms, 0 = unknown */
  readonly starts: number[];
}

/** A storage in memory, for tests and examples. */
export class MemoryStorage implements Queryable {
  readonly #series = new Map<string, Column>();

  /** Adds a sample. 'stale' marks the series' end. @throws Error where time goes back */
  add(
    labels: Labels | Readonly<Record<string, string>>,
    time: number,
    value: number | FloatHistogram | 'stale',
    start = 0,
  ): void {
    const set = labels instanceof Labels ? labels : Labels.from(labels);
    const column = this.#series.get(set.key) ?? {
      labels: set,
      times: [],
      values: [],
      stale: [],
      histograms: [],
      starts: [],
    };
    if (time < (column.times.at(-1) ?? -Infinity))
      throw new Error(`out of order sample of ${String(set)} at ${time}`);
    this.#series.set(set.key, column);
    column.times.push(time);
    column.starts.push(start);
    const histogram = typeof value === 'object' ? hinted(value, column.histograms.at(-1)) : undefined;
    column.histograms.push(histogram);
    column.values.push(typeof value === 'number' ? value : (histogram?.sum ?? NaN));
    column.stale.push(value === 'stale');
  }

  querier(mint: number, maxt: number): Querier {
    const all = [...this.#series.values()];
    const matching = (matchers: readonly Matcher[]): Column[] =>
      all
        .filter(({ labels }) => matchers.every((matcher) => matcher.matchesLabels(labels)))
        .sort((a, b) => Labels.compare(a.labels, b.labels));
    const unique = (values: Iterable<string>): string[] => [...new Set(values)].sort();
    return {
      warnings: [],
      close: () => {},
      labelNames: async (matchers) =>
        unique(matching(matchers).flatMap(({ labels }) => [...labels].map(([name]) => name))),
      labelValues: async (name, matchers) =>
        unique(
          matching(matchers)
            .map(({ labels }) => labels.get(name))
            .filter((value) => value !== ''),
        ),
      async *select(matchers) {
        const batch = matching(matchers).map((column) => cut(column, mint, maxt));
        if (batch.length > 0) yield batch;
      },
    };
  }
}

/** A storage remembers resets by its chunks: the first sample of one does not know, the others have not been reset. */
function hinted(h: FloatHistogram, previous: FloatHistogram | undefined): FloatHistogram {
  if (h.counterResetHint === 'gauge') return h;
  const sameLayout =
    previous &&
    previous.counterResetHint !== 'gauge' &&
    previous.schema === h.schema &&
    previous.zeroThreshold === h.zeroThreshold &&
    previous.customValues.join() === h.customValues.join();
  const goesOn = sameLayout && h.counterResetHint !== 'reset' && !hasDropped(previous, h);
  return { ...h, counterResetHint: goesOn ? 'not_reset' : 'unknown' };
}

function cut(
  { labels, times, values, stale, histograms, starts }: Column,
  mint: number,
  maxt: number,
): Series {
  const kept = times
    .map((_, i) => i)
    .filter((i) => (times[i] as number) >= mint && (times[i] as number) <= maxt);
  const column = Float64Array.from(kept, (i) => values[i] as number);
  const words = wordsOf(column);
  for (const [k, i] of kept.entries()) if (stale[i]) setStaleAt(words, k);
  return {
    labels,
    samples: {
      timestamps: Float64Array.from(kept, (i) => times[i] as number),
      values: column,
      ...(kept.some((i) => histograms[i]) && { histograms: kept.map((i) => histograms[i]) }),
      ...(kept.some((i) => starts[i]) && {
        startTimestamps: Float64Array.from(kept, (i) => starts[i] as number),
      }),
    },
  };
}
