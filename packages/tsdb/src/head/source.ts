import { NO_SAMPLES, type Matcher, type Series, filterInSlices, inSlices } from '@prunella/metrics';
import { ColumnBuilder } from '../chunks/columns.ts';
import { joinSamples } from '../query/merge.ts';
import type { Source, SourceQuery } from '../query/source.ts';
import { dropDeleted } from '../query/deleted.ts';
import type { Head } from './head.ts';
import type { MemSeries } from './series.ts';

const BATCH = 256;

/** Samples in order that are in blocks already are not read here; those out of order are, until they move. */
type HeadQuery = SourceQuery & { readonly inOrderFrom: number };

/** The head as queries see it. */
export class HeadSource implements Source {
  readonly #head: Head;
  readonly #from: number;

  /** The view is of now: samples that move to a block later are still read here. */
  constructor(head: Head) {
    this.#head = head;
    this.#from = head.servedFrom;
  }

  async *select(asked: SourceQuery): AsyncGenerator<readonly Series[]> {
    const query = { ...asked, inOrderFrom: Math.max(asked.mint, this.#from) };
    const { pacer } = query;
    const builder = new ColumnBuilder();
    let batch: Series[] = [];
    const matching = await this.#head.matching(query.matchers);
    const found = await filterInSlices(
      matching,
      (series) =>
        series.overlaps(this.#head.chunks, query.inOrderFrom, query.maxt) ||
        series.lateBetween(query.mint, query.maxt).length > 0,
    );
    const sorted = await this.#head.order.sort(found);
    // What is appended while this goes on is not seen: a batch is in all its series or in none.
    const newest = newestOf(sorted);
    for (const [i, series] of sorted.entries()) {
      const read = this.#read(series, builder, query, Math.min(query.maxt, newest[i]!));
      if (read !== undefined) batch.push(read);
      const pause = pacer.pause();
      if (pause === undefined && batch.length < BATCH) continue;
      yield batch;
      batch = [];
      if (pause) await pause;
    }
    yield batch;
  }

  async labelNames(matchers: readonly Matcher[]): Promise<Iterable<string>> {
    if (matchers.length === 0) return this.#head.postings.labelNames();
    const names = new Set<string>();
    await inSlices(await this.#head.matching(matchers), ({ labels }) => {
      for (let i = 0; i < labels.pairs.length; i += 2) names.add(labels.pairs[i]!);
    });
    return names;
  }

  async labelValues(name: string, matchers: readonly Matcher[]): Promise<Iterable<string>> {
    if (matchers.length === 0) return this.#head.postings.values(name);
    const values = new Set<string>();
    await inSlices(await this.#head.matching(matchers), ({ labels }) => {
      const value = labels.get(name);
      if (value !== '') values.add(value);
    });
    return values;
  }

  #read(series: MemSeries, builder: ColumnBuilder, query: HeadQuery, inOrderTo: number): Series | undefined {
    if (series.gone) return undefined;
    if (query.hints.func === 'series') return { labels: series.labels, samples: NO_SAMPLES };
    series.read(this.#head, builder, query.inOrderFrom, inOrderTo, ({ message }) =>
      query.warn(`samples are missing: ${message}`),
    );
    const late = series.lateBetween(query.mint, query.maxt);
    if (late.length > 0) builder.append(joinSamples([builder.take(), ...late]));
    if (series.deleted !== undefined) dropDeleted(builder, series.deleted);
    if (builder.length === 0) return undefined;
    return { labels: series.labels, samples: builder.take() };
  }
}

function newestOf(series: readonly MemSeries[]): Float64Array {
  const newest = new Float64Array(series.length);
  for (let i = 0; i < series.length; i++) newest[i] = series[i]!.maxTime;
  return newest;
}
