import { Labels } from '@prunella/metrics';
import { Pacer } from '../pacer.ts';
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
    this.#sorted = this.#sorted.filter(keep);
    this.#added = this.#added.filter(keep);
  }

  /** Sorts the series by their labels, in place. */
  async sort(series: MemSeries[]): Promise<MemSeries[]> {
    while (this.#added.length > 0) {
      this.#ranking ??= this.#rank().finally(() => (this.#ranking = undefined));
      await this.#ranking;
    }
    return series.sort((a, b) => a.rank - b.rank);
  }

  async #rank(): Promise<void> {
    const pacer = new Pacer();
    const added = this.#added;
    this.#added = [];
    const sorted = await mergeSort(added, pacer);
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
    for (let i = 0; i < merged.length; i++) merged[i]!.rank = i;
    this.#sorted = merged;
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

/** Runs of a thousand are sorted at once, then merged two by two, with pauses. */
async function mergeSort(list: MemSeries[], pacer: Pacer): Promise<MemSeries[]> {
  let runs: MemSeries[][] = [];
  for (let i = 0; i < list.length; i += 1000) {
    runs.push(list.slice(i, i + 1000).sort((a, b) => Labels.compare(a.labels, b.labels)));
    const pause = pacer.pause();
    if (pause) await pause;
  }
  while (runs.length > 1) {
    const longer: MemSeries[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      longer.push(i + 1 < runs.length ? await merge(runs[i]!, runs[i + 1]!, pacer) : runs[i]!);
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

async function merge(a: readonly MemSeries[], b: readonly MemSeries[], pacer: Pacer): Promise<MemSeries[]> {
  const out: MemSeries[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    out.push(Labels.compare(a[i]!.labels, b[j]!.labels) <= 0 ? a[i++]! : b[j++]!);
    if (out.length % 512 === 0) {
      const pause = pacer.pause();
      if (pause) await pause;
    }
  }
  while (i < a.length) out.push(a[i++]!);
  while (j < b.length) out.push(b[j++]!);
  return out;
}
