import { type Metadata, Pacer } from '@prunella/metrics';
import type { ExemplarStore } from './head/exemplars.ts';
import type { Head, HeadCounters } from './head/head.ts';
import type { MaintenanceCounters, MaintenanceMeasures } from './maintenance.ts';
import type { Durations } from './measure.ts';
import { sortInSlices } from './sort.ts';
import type { Damage } from './quarantine.ts';
import type { WalCounters } from './wal/writer.ts';

/** What reading the log at the start came to. */
export interface Replayed {
  readonly replayMs: number;
  readonly replayedSamples: number;
  /** Places where the log was damaged. */
  readonly corruptions: number;
}

/** Counts since the start, and how things stand. Times are ms, sizes bytes. */
export interface DatabaseStats {
  readonly head: HeadCounters & {
    readonly series: number;
    readonly chunks: number;
    readonly chunkBytes: number;
    /** Of an empty head Infinity and -Infinity. */
    readonly minTime: number;
    readonly maxTime: number;
    /** Older samples are refused. */
    readonly minValidTime: number;
    readonly appenders: number;
    /** Series that are gone but that the log may still name. */
    readonly forgottenSeries: number;
  };
  readonly wal: WalCounters & Replayed & { readonly segment: number };
  readonly blocks: { readonly count: number; readonly bytes: number; readonly symbolBytes: number };
  readonly maintenance: MaintenanceCounters & { readonly populating: boolean };
  readonly measures: MaintenanceMeasures & { readonly walSyncs: Durations };
  /** Of `chunks_head/`. */
  readonly headFiles: { readonly written: number; readonly damages: number };
  readonly exemplars: ExemplarStats;
  readonly retention: { readonly ms: number; readonly bytes: number };
  readonly damages: readonly Damage[];
  readonly queries: number;
  /** Of the oldest sample, in blocks and head; Infinity where there is none. */
  readonly lowestTime: number;
  /** Whether the last owner of the directory had closed it. */
  readonly cleanStart: boolean;
}

/** Type, help and unit by metric name, each combination once. */
export function metadataOf(head: Head): Map<string, Metadata[]> {
  const found = new Map<string, Metadata[]>();
  for (const { labels, metadata } of head.series) {
    if (metadata === undefined) continue;
    const known = found.get(labels.metricName) ?? [];
    const same = ({ type, help, unit }: Metadata): boolean =>
      type === metadata.type && help === metadata.help && unit === metadata.unit;
    if (!known.some(same)) found.set(labels.metricName, [...known, metadata]);
  }
  return found;
}

export interface Count {
  readonly name: string;
  readonly value: number;
}

/** What makes the head large: the figures of /api/v1/status/tsdb. */
export interface Cardinality {
  readonly series: number;
  readonly labelPairs: number;
  readonly chunks: number;
  /** ms; of an empty head Infinity and -Infinity. */
  readonly minTime: number;
  readonly maxTime: number;
  readonly seriesByMetric: readonly Count[];
  readonly valuesByLabel: readonly Count[];
  /** Bytes of a label's distinct values in UTF-8. */
  readonly bytesByLabel: readonly Count[];
  /** Named `label=value`. */
  readonly seriesByPair: readonly Count[];
}

/** The `limit` largest of each kind. */
export async function cardinalityOf(head: Head, limit: number): Promise<Cardinality> {
  const pacer = new Pacer();
  const seriesByMetric: Count[] = [];
  const seriesByPair: Count[] = [];
  const values = new Map<string, number>();
  const bytes = new Map<string, number>();
  for (const { name, value, series } of head.postings.counts()) {
    if (name === '__name__') seriesByMetric.push({ name: value, value: series });
    seriesByPair.push({ name: `${name}=${value}`, value: series });
    values.set(name, (values.get(name) ?? 0) + 1);
    bytes.set(name, (bytes.get(name) ?? 0) + Buffer.byteLength(value));
    const pause = seriesByPair.length % 256 === 0 ? pacer.pause() : undefined;
    if (pause) await pause;
  }
  const top = async (counts: Count[]): Promise<Count[]> =>
    (await sortInSlices(counts, (a, b) => b.value - a.value)).slice(0, limit);
  const topOf = (map: Map<string, number>): Promise<Count[]> =>
    top(Array.from(map, ([name, value]) => ({ name, value })));
  return {
    series: head.series.size,
    labelPairs: seriesByPair.length,
    chunks: head.chunkCount,
    minTime: head.minTime,
    maxTime: head.maxTime,
    seriesByMetric: await top(seriesByMetric),
    valuesByLabel: await topOf(values),
    bytesByLabel: await topOf(bytes),
    seriesByPair: await top(seriesByPair),
  };
}

export interface ExemplarStats {
  readonly appended: number;
  readonly outOfOrder: number;
  readonly stored: number;
  readonly capacity: number;
  readonly series: number;
  /** ms */
  readonly oldestTime: number;
}

export function exemplarStatsOf(store: ExemplarStore): ExemplarStats {
  return {
    ...store.counters,
    stored: store.size,
    capacity: store.capacity,
    series: store.seriesCount,
    oldestTime: store.oldestTime,
  };
}
