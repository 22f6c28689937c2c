import { Labels } from '@prunella/metrics';
import { sortInSlices } from '../sort.ts';
import type { MemSeries } from './series.ts';

/**
 * Keeps every series's rank in label order, so that sorting a selection compares integers instead of label sets.
 * New series are ranked when the next selection asks: their sort and one merge, however many came.
 */
export class LabelOrder {
  #sorted: MemSeries[] = [];
  #added: MemSeries[] = [];
  #ranking: Promise<void> | undefined;

  add(series: MemSeries): void {
    this.#added.push(series);
  }

  remove(gone: ReadonlySet<MemSeries>): void {
    const keep = (series: MemSeries): boolean => !gone.has(series);
    this.#added = this.#added.filter(keep);
    this.#sorted = this.#sorted.filter(keep);
    this.#renumber();
  }

  /** The series, sorted by their labels. */
  async sort(series: readonly MemSeries[]): Promise<MemSeries[]> {
    while (this.#added.length > 0 || this.#ranking !== undefined) {
      this.#ranking ??= this.#rank().finally(() => (this.#ranking = undefined));
      await this.#ranking;
    }
    // Numbers sort many times faster than objects.
    const ranks = new Uint32Array(series.length);
    let length = 0;
    for (const each of series) if (!each.gone) ranks[length++] = each.rank;
    return Array.from(ranks.subarray(0, length).sort(), (rank) => this.#sorted[rank]!);
  }

  async #rank(): Promise<void> {
    const added = this.#added;
    this.#added = [];
    const sorted = await sortInSlices(added, (a, b) => Labels.compare(a.labels, b.labels));
    // Series may have gone while this waited. From here on in one go.
    const fresh = sorted.filter((series) => !series.gone);
    const old = this.#sorted;
    const merged: MemSeries[] = [];
    let from = 0;
    for (const series of fresh) {
      const to = insertionPoint(old, series, from);
      while (from < to) merged.push(old[from++]!);
      merged.push(series);
    }
    while (from < old.length) merged.push(old[from++]!);
    this.#sorted = merged;
    this.#renumber();
  }

  #renumber(): void {
    for (let i = 0; i < this.#sorted.length; i++) this.#sorted[i]!.rank = i;
  }
}

function insertionPoint(sorted: readonly MemSeries[], series: MemSeries, from: number): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Labels.compare(sorted[middle]!.labels, series.labels) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
