import { AppendError, Labels, type Exemplar, type Matcher } from '@prunella/metrics';
import type { MemSeries } from './series.ts';

/** Characters in an exemplar's label names and values together (OpenMetrics). */
const LONGEST_LABELS = 128;

export type TimedExemplar = Exemplar & { readonly timestamp: number };

interface SeriesExemplars {
  readonly labels: Labels;
  /** In time order. */
  readonly list: TimedExemplar[];
}

export interface ExemplarCounters {
  appended: number;
  outOfOrder: number;
}

/** The newest exemplars of all series, at most `capacity`; the oldest make room. */
export class ExemplarStore {
  readonly counters: ExemplarCounters = { appended: 0, outOfOrder: 0 };
  readonly capacity: number;
  readonly #bySeries = new Map<number, SeriesExemplars>();
  /** Whose exemplars came when: a ring of references. */
  readonly #ring: number[] = [];
  #oldest = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#ring.length;
  }

  get seriesCount(): number {
    return this.#bySeries.size;
  }

  /** Time of the exemplar that will go next, ms; 0 where there is none. */
  get oldestTime(): number {
    const ref = this.#ring[this.#oldest];
    return ref === undefined ? 0 : (this.#bySeries.get(ref)?.list[0]?.timestamp ?? 0);
  }

  /** @throws AppendError where it cannot be added; @returns false where it is there already */
  check(series: MemSeries, exemplar: TimedExemplar): boolean {
    let length = 0;
    for (const text of exemplar.labels.pairs) length += Array.from(text).length;
    if (length > LONGEST_LABELS) {
      throw new AppendError('invalid_labels', `exemplar labels are longer than ${LONGEST_LABELS} characters`);
    }
    const newest = this.#bySeries.get(series.ref)?.list.at(-1);
    if (newest === undefined || exemplar.timestamp > newest.timestamp) return true;
    if (exemplar.timestamp === newest.timestamp && exemplar.value === newest.value) return false;
    if (exemplar.timestamp === newest.timestamp && !exemplar.labels.equals(newest.labels)) return true;
    this.counters.outOfOrder++;
    throw new AppendError('out_of_order', 'out of order exemplar');
  }

  add(series: MemSeries, exemplar: TimedExemplar): void {
    if (this.capacity === 0) return;
    if (this.#ring.length < this.capacity) this.#ring.push(series.ref);
    else {
      this.#forget(this.#ring[this.#oldest]!);
      this.#ring[this.#oldest] = series.ref;
      this.#oldest = (this.#oldest + 1) % this.capacity;
    }
    const known = this.#bySeries.get(series.ref);
    if (known === undefined) this.#bySeries.set(series.ref, { labels: series.labels, list: [exemplar] });
    else known.list.push(exemplar);
    this.counters.appended++;
  }

  /** Exemplars with mint <= t <= maxt of series that one of the conjunctions selects, in label order. */
  select(
    mint: number,
    maxt: number,
    matchers: readonly (readonly Matcher[])[],
  ): { labels: Labels; exemplars: TimedExemplar[] }[] {
    const found: { labels: Labels; exemplars: TimedExemplar[] }[] = [];
    for (const { labels, list } of this.#bySeries.values()) {
      if (!matchers.some((all) => all.every((matcher) => matcher.matchesLabels(labels)))) continue;
      const exemplars = list.filter(({ timestamp }) => timestamp >= mint && timestamp <= maxt);
      if (exemplars.length > 0) found.push({ labels, exemplars });
    }
    return found.sort((a, b) => Labels.compare(a.labels, b.labels));
  }

  #forget(ref: number): void {
    const known = this.#bySeries.get(ref);
    known?.list.shift();
    if (known?.list.length === 0) this.#bySeries.delete(ref);
  }
}
