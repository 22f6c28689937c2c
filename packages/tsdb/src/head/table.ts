import type { Labels } from '@prunella/metrics';
import type { MemSeries } from './series.ts';

const PAGE = 4096;
/** A map that grows copies itself in one go: many small ones hold up others less than a large one. */
const SHARDS = 256;

interface Page {
  readonly entries: (MemSeries | undefined)[];
  used: number;
}

/** The head's series by reference and by labels. */
export class SeriesTable {
  /** References are handed out in order, so pages of an array beat a map; pages go when all their series are gone. */
  readonly #pages = new Map<number, Page>();
  readonly #byHash = Array.from({ length: SHARDS }, () => new Map<number, MemSeries | MemSeries[]>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  byRef(ref: number): MemSeries | undefined {
    const series = this.#pages.get(Math.floor(ref / PAGE))?.entries[ref % PAGE];
    return series?.gone === true ? undefined : series;
  }

  byLabels(labels: Labels): MemSeries | undefined {
    const hash = hashLabels(labels);
    const found = this.#shard(hash).get(hash);
    if (found === undefined) return undefined;
    // Those that are gone stay here until somebody has time to clear up.
    const matches = (series: MemSeries): boolean => !series.gone && samePairs(series.labels, labels);
    if (!Array.isArray(found)) return matches(found) ? found : undefined;
    return found.find(matches);
  }

  add(series: MemSeries): void {
    this.alias(series.ref, series);
    const hash = hashLabels(series.labels);
    const shard = this.#shard(hash);
    const found = shard.get(hash);
    if (found === undefined) shard.set(hash, series);
    else if (Array.isArray(found)) found.push(series);
    else shard.set(hash, [found, series]);
    this.#size++;
  }

  /** Another reference for a series: logs may name one series twice, when it was forgotten and came back. */
  alias(ref: number, series: MemSeries): void {
    const number = Math.floor(ref / PAGE);
    let page = this.#pages.get(number);
    if (page === undefined) this.#pages.set(number, (page = { entries: [], used: 0 }));
    const { entries } = page;
    const at = ref % PAGE;
    while (entries.length <= at) entries.push(undefined);
    if (entries[at] === undefined) page.used++;
    entries[at] = series;
  }

  delete(series: MemSeries): void {
    const page = this.#pages.get(Math.floor(series.ref / PAGE));
    if (page === undefined || page.entries[series.ref % PAGE] !== series) return;
    page.entries[series.ref % PAGE] = undefined;
    if (--page.used === 0) this.#pages.delete(Math.floor(series.ref / PAGE));
    const hash = hashLabels(series.labels);
    const found = this.#shard(hash).get(hash);
    if (found === series) this.#shard(hash).delete(hash);
    else if (Array.isArray(found)) found.splice(found.indexOf(series), 1);
    this.#size--;
  }

  /** All series, in no order. */
  *[Symbol.iterator](): IterableIterator<MemSeries> {
    for (const shard of this.#byHash) {
      for (const found of shard.values()) {
        if (Array.isArray(found)) yield* found;
        else yield found;
      }
    }
  }

  /** All series in order of their references. */
  *byRefs(): IterableIterator<MemSeries> {
    for (const number of [...this.#pages.keys()].sort((a, b) => a - b)) {
      for (const [at, series] of (this.#pages.get(number)?.entries ?? []).entries()) {
        // Aliases lead to series that have a reference of their own.
        if (series?.ref === number * PAGE + at) yield series;
      }
    }
  }

  #shard(hash: number): Map<number, MemSeries | MemSeries[]> {
    return this.#byHash[hash & (SHARDS - 1)]!;
  }
}

/** FNV-1a over UTF-16 units, with a separator that no label contains. */
function hashLabels(labels: Labels): number {
  let hash = 0x811c9dc5;
  for (const text of labels.pairs) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0xffff, 0x01000193);
  }
  // A small integer: no boxed number as a key.
  return hash >> 1;
}

function samePairs(a: Labels, b: Labels): boolean {
  const x = a.pairs;
  const y = b.pairs;
  if (x === y) return true;
  if (x.length !== y.length) return false;
  // Values differ more often than names, the last ones most.
  for (let i = x.length - 1; i >= 0; i--) if (x[i] !== y[i]) return false;
  return true;
}
