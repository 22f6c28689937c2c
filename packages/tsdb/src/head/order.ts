import { Labels, Pacer, filterInSlices, inSlices } from '@prunella/metrics';
import { Mutex } from '../mutex.ts';
import { merge, sortInSlices } from '../sort.ts';
import type { MemSeries } from './series.ts';

/** Selections up to this size are sorted by rank at once. */
const SMALL = 8192;

/**
 * Keeps every series's rank in label order, so that sorting a selection compares integers instead of label sets.
 * New series are ranked when the next selection asks: their sort and one merge, however many came.
 */
export class LabelOrder {
  /** Also series that are gone, until the next ranking. */
  #sorted: MemSeries[] = [];
  #added: MemSeries[] = [];
  #gone = 0;
  /** Ranks hold still while a selection is sorted by them. */
  readonly #turn = new Mutex();

  add(series: MemSeries): void {
    this.#added.push(series);
  }

  /** Notes that `count` series have been marked as gone. */
  forget(count: number): void {
    this.#gone += count;
  }

  /** The series, sorted by their labels. Those that are gone are left out. */
  sort(series: readonly MemSeries[]): Promise<MemSeries[]> {
    return this.#turn.run(async () => {
      if (this.#added.length > 0 || this.#gone > this.#sorted.length / 2) await this.#rank();
      return series.length <= SMALL ? this.#pick(series) : this.#walk(series);
    });
  }

  /** Numbers sort many times faster than objects. */
  #pick(series: readonly MemSeries[]): MemSeries[] {
    const ranks = new Uint32Array(series.length);
    let length = 0;
    for (const each of series) if (!each.gone) ranks[length++] = each.rank;
    return Array.from(ranks.subarray(0, length).sort(), (rank) => this.#sorted[rank]!);
  }

  /** Of large selections the ranks are ticked off, and read in order: no sort at all. */
  async #walk(series: readonly MemSeries[]): Promise<MemSeries[]> {
    const chosen = new Uint8Array(this.#sorted.length);
    await inSlices(series, (each) => {
      if (!each.gone) chosen[each.rank] = 1;
    });
    let rank = 0;
    return filterInSlices(this.#sorted, () => chosen[rank++] === 1);
  }

  async #rank(): Promise<void> {
    const added = this.#added;
    this.#added = [];
    this.#gone = 0;
    const byLabels = (a: MemSeries, b: MemSeries): number => Labels.compare(a.labels, b.labels);
    const fresh = await sortInSlices(added, byLabels);
    const merged = await merge(this.#sorted, fresh, byLabels, new Pacer());
    this.#sorted = await filterInSlices(merged, (series) => !series.gone);
    let rank = 0;
    await inSlices(this.#sorted, (series) => (series.rank = rank++));
  }
}
