import type { Matcher } from '@prunella/metrics';
import type { Block } from './block/block.ts';
import type { BlockMeta } from './block/meta.ts';
import type { Count } from './stats.ts';

/** What a block is made of; lists hold the largest first. */
export interface BlockAnalysis {
  readonly block: BlockMeta;
  readonly series: number;
  readonly labelNames: number;
  /** Distinct pairs of name and value. */
  readonly pairs: number;
  /** Pairs over all series. */
  readonly pairEntries: number;
  /** How much of the block's time is before or behind a series's samples, summed: series that come and go. */
  readonly churnByPair: readonly Count[];
  readonly churnByLabel: readonly Count[];
  /** Pairs by number of series. */
  readonly commonPairs: readonly Count[];
  /** Labels by length of all their values, bytes. */
  readonly longestLabels: readonly Count[];
  readonly valuesByLabel: readonly Count[];
  readonly seriesByMetric: readonly Count[];
  /** Chunks by how full they are, tenth by tenth of 120 samples; only where asked for, as every chunk is read. */
  readonly fullness?: readonly number[];
}

/** As many as a chunk holds of samples in order, mostly. */
const FULL_CHUNK = 120;

export async function analyzeBlock(
  block: Block,
  limit: number,
  matchers: readonly Matcher[],
  extended: boolean,
): Promise<BlockAnalysis> {
  const duration = block.meta.maxTime - block.meta.minTime;
  const series = new Counts();
  const churn = new Counts();
  const churnByLabel = new Counts();
  const seriesByMetric = new Counts();
  const values = new Map<string, Set<string>>();
  const fullness = Array.from({ length: 10 }, () => 0);
  let count = 0;
  for await (const { entry, labels } of block.matching(matchers)) {
    const first = entry.chunks[0]?.mint ?? 0;
    const uncovered = 1 - ((entry.chunks.at(-1)?.maxt ?? 0) - first) / duration;
    for (const { ref } of extended ? entry.chunks : []) {
      const { data } = await block.chunks.read(ref);
      const samples = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
      fullness[Math.floor((10 * Math.min(samples, FULL_CHUNK - 1)) / FULL_CHUNK)]!++;
    }
    count++;
    seriesByMetric.add(labels.metricName, 1);
    for (const [name, value] of labels) {
      const pair = `${name}=${value}`;
      series.add(pair, 1);
      churn.add(pair, uncovered);
      churnByLabel.add(name, uncovered);
      let known = values.get(name);
      if (known === undefined) values.set(name, (known = new Set()));
      known.add(value);
    }
  }
  seriesByMetric.delete('');
  return {
    block: block.meta,
    series: count,
    labelNames: values.size,
    pairs: series.size,
    pairEntries: series.sum,
    churnByPair: churn.top(limit),
    churnByLabel: churnByLabel.top(limit),
    commonPairs: series.top(limit),
    longestLabels: Counts.of(values, (set) =>
      [...set].reduce((sum, value) => sum + Buffer.byteLength(value), 0),
    ).top(limit),
    valuesByLabel: Counts.of(values, (set) => set.size).top(limit),
    seriesByMetric: seriesByMetric.top(limit),
    ...(extended && { fullness }),
  };
}

/** Numbers by name. */
class Counts {
  readonly #counts = new Map<string, number>();

  static of<T>(map: ReadonlyMap<string, T>, measure: (value: T) => number): Counts {
    const counts = new Counts();
    for (const [name, value] of map) counts.add(name, measure(value));
    return counts;
  }

  get size(): number {
    return this.#counts.size;
  }

  get sum(): number {
    let sum = 0;
    for (const value of this.#counts.values()) sum += value;
    return sum;
  }

  add(name: string, value: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + value);
  }

  delete(name: string): void {
    this.#counts.delete(name);
  }

  top(limit: number): Count[] {
    const all = Array.from(this.#counts, ([name, value]) => ({ name, value }));
    return all.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1)).slice(0, limit);
  }
}
