import {
  AppendError,
  Labels,
  setStaleAt,
  toFloatHistogram,
  wordsOf,
  type Appendable,
  type Appender,
  type FloatHistogram,
  type Histogram,
  type Matcher,
  type Querier,
  type Queryable,
  type Series,
} from '@prunella/metrics';
import { bucketsOf } from './histogram.ts';

type Value = number | FloatHistogram | 'stale';

interface Column {
  readonly labels: Labels;
  readonly times: number[];
  readonly values: Value[];
}

/** Samples in memory, for one test: what was appended can be read at once. */
export class TestStorage implements Appendable, Queryable {
  readonly #columns = new Map<string, Column>();
  #sorted: Column[] | undefined;

  appender(): Appender {
    return {
      append: (_, labels, t, v) => this.#append(labels, t, v),
      appendStale: (_, labels, t) => this.#append(labels, t, 'stale'),
      appendHistogram: (_, labels, t, h) => this.#append(labels, t, this.#hinted(labels, h)),
      appendExemplar: () => 0,
      updateMetadata: () => 0,
      commit: () => Promise.resolve(),
      rollback: () => {},
    };
  }

  querier(mint: number, maxt: number): Querier {
    const select = (matchers: readonly Matcher[]): Series[] =>
      this.#matching(matchers)
        .map((column) => cut(column, mint, maxt))
        .filter(({ samples }) => samples.timestamps.length > 0);
    return {
      async *select(matchers) {
        yield select(matchers);
      },
      labelNames: async (matchers) =>
        sortedSet(select(matchers).flatMap(({ labels }) => [...labels].map(([name]) => name))),
      labelValues: async (name, matchers) =>
        sortedSet(
          select(matchers)
            .map(({ labels }) => labels.get(name))
            .filter(Boolean),
        ),
      warnings: [],
      close: () => {},
    };
  }

  #append(labels: Labels, time: number, value: Value): number {
    let column = this.#columns.get(labels.key);
    if (!column) {
      column = { labels, times: [], values: [] };
      this.#columns.set(labels.key, column);
      this.#sorted = undefined;
    }
    const newest = column.times.at(-1) ?? -Infinity;
    if (time < newest) throw new AppendError('out_of_order', 'out of order sample');
    if (time === newest) {
      if (Object.is(column.values.at(-1), value)) return 0;
      throw new AppendError('duplicate', 'duplicate sample for timestamp');
    }
    column.times.push(time);
    column.values.push(value);
    return 0;
  }

  /** A real storage knows from its chunks whether a counter went on or began anew. */
  #hinted(labels: Labels, given: Histogram | FloatHistogram): FloatHistogram {
    const h = toFloatHistogram(given);
    if (h.counterResetHint === 'gauge') return h;
    const last = this.#columns.get(labels.key)?.values.at(-1);
    if (last === undefined || typeof last !== 'object') return h;
    return {
      ...h,
      counterResetHint: h.counterResetHint === 'reset' || hasReset(last, h) ? 'unknown' : 'not_reset',
    };
  }

  #matching(matchers: readonly Matcher[]): Column[] {
    this.#sorted ??= [...this.#columns.values()].sort((a, b) => Labels.compare(a.labels, b.labels));
    return this.#sorted.filter(({ labels }) => matchers.every((matcher) => matcher.matchesLabels(labels)));
  }
}

function hasReset(before: FloatHistogram, after: FloatHistogram): boolean {
  if (after.count < before.count || after.zeroCount < before.zeroCount || after.schema > before.schema)
    return true;
  if (after.zeroThreshold < before.zeroThreshold) return true;
  const lower = (a: Map<number, number>, b: Map<number, number>): boolean =>
    [...a].some(([i, count]) => (b.get(i) ?? 0) < count);
  return (
    lower(
      bucketsOf(before.positiveSpans, before.positiveBuckets),
      bucketsOf(after.positiveSpans, after.positiveBuckets),
    ) ||
    lower(
      bucketsOf(before.negativeSpans, before.negativeBuckets),
      bucketsOf(after.negativeSpans, after.negativeBuckets),
    )
  );
}

function cut({ labels, times, values }: Column, mint: number, maxt: number): Series {
  const from = lowerBound(times, mint);
  const to = lowerBound(times, maxt + 1);
  const numbers = new Float64Array(to - from);
  const words = wordsOf(numbers);
  const histograms: (FloatHistogram | undefined)[] = [];
  for (let i = from; i < to; i++) {
    const value = values[i] as Value;
    if (value === 'stale') setStaleAt(words, i - from);
    else if (typeof value === 'number') numbers[i - from] = value;
    else {
      numbers[i - from] = value.sum;
      histograms[i - from] = value;
    }
  }
  const timestamps = Float64Array.from(times.slice(from, to));
  return {
    labels,
    samples:
      histograms.length > 0 ? { timestamps, values: numbers, histograms } : { timestamps, values: numbers },
  };
}

/** The first position whose time is not before `time`. */
function lowerBound(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
