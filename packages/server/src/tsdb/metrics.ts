import type { Database, DatabaseStats, Distribution, Durations } from '@prunella/tsdb';
import { Counter, Gauge, type Registry } from 'prom-client';
import { bucketsOf, quantilesOf, shown } from './shown.ts';

type Read = (stats: DatabaseStats) => number;
type Row = readonly [kind: 'counter' | 'gauge', name: string, help: string, read: Read];

/** Seconds of a time in ms; 0 of an empty head's infinite ones. */
function seconds(ms: number): number {
  return Number.isFinite(ms) ? ms / 1000 : 0;
}

function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}

/** The storage's figures under the names that Prometheus's dashboards and alerts use, without `prometheus_tsdb_`. */
const ROWS: readonly Row[] = [
  ['gauge', 'blocks_loaded', 'Number of currently loaded data blocks.', (it) => it.blocks.count],
  [
    'gauge',
    'storage_blocks_bytes',
    'The number of bytes that are currently used for local storage by all blocks.',
    (it) => it.blocks.bytes,
  ],
  [
    'gauge',
    'symbol_table_size_bytes',
    'Size of symbol table in memory for loaded blocks.',
    (it) => it.blocks.symbolBytes,
  ],
  ['gauge', 'head_series', 'Total number of series in the head block.', (it) => it.head.series],
  [
    'counter',
    'head_series_created_total',
    'Total number of series created in the head.',
    (it) => it.head.seriesCreated,
  ],
  [
    'counter',
    'head_series_removed_total',
    'Total number of series removed in the head.',
    (it) => it.head.seriesRemoved,
  ],
  [
    'counter',
    'head_series_not_found_total',
    'Total number of requests for series that were not found.',
    (it) => it.head.seriesNotFound,
  ],
  ['gauge', 'head_chunks', 'Total number of chunks in the head block.', (it) => it.head.chunks],
  [
    'counter',
    'head_chunks_created_total',
    'Total number of chunks created in the head.',
    (it) => it.head.chunksCreated,
  ],
  [
    'counter',
    'head_chunks_removed_total',
    'Total number of chunks removed in the head.',
    (it) => it.head.chunksRemoved,
  ],
  [
    'counter',
    'mmap_chunks_total',
    'Total number of chunks that were written to chunks_head.',
    (it) => it.headFiles.written,
  ],
  [
    'counter',
    'mmap_chunk_corruptions_total',
    'Total number of corruptions found in chunks_head.',
    (it) => it.headFiles.damages,
  ],
  [
    'gauge',
    'compaction_populating_block',
    'Set to 1 when a block is currently being written to the disk.',
    (it) => Number(it.maintenance.populating),
  ],
  [
    'gauge',
    'head_active_appenders',
    'Number of currently active appender transactions.',
    (it) => it.head.appenders,
  ],
  [
    'gauge',
    'head_min_time',
    'Minimum time bound of the head block, in milliseconds.',
    (it) => finite(it.head.minTime),
  ],
  [
    'gauge',
    'head_max_time',
    'Maximum timestamp of the head block, in milliseconds.',
    (it) => finite(it.head.maxTime),
  ],
  [
    'gauge',
    'head_min_time_seconds',
    'Minimum time bound of the head block.',
    (it) => seconds(it.head.minTime),
  ],
  [
    'gauge',
    'head_max_time_seconds',
    'Maximum timestamp of the head block.',
    (it) => seconds(it.head.maxTime),
  ],
  [
    'gauge',
    'lowest_timestamp',
    'Lowest timestamp value stored in the database, in milliseconds.',
    (it) => finite(it.lowestTime),
  ],
  [
    'gauge',
    'lowest_timestamp_seconds',
    'Lowest timestamp value stored in the database.',
    (it) => seconds(it.lowestTime),
  ],
  [
    'counter',
    'out_of_bound_samples_total',
    'Total number of out of bound samples ingestion failed attempts.',
    (it) => it.head.outOfBounds,
  ],
  [
    'counter',
    'too_old_samples_total',
    'Total number of samples outside of the out-of-order window.',
    (it) => it.head.tooOld,
  ],
  [
    'counter',
    'head_truncations_total',
    'Total number of head truncations attempted.',
    (it) => it.maintenance.headTruncations,
  ],
  [
    'counter',
    'head_truncations_failed_total',
    'Total number of head truncations that failed.',
    (it) => it.maintenance.headTruncationsFailed,
  ],
  [
    'counter',
    'compactions_total',
    'Total number of compactions that were executed.',
    (it) => it.maintenance.compactions,
  ],
  [
    'counter',
    'compactions_failed_total',
    'Total number of compactions that failed.',
    (it) => it.maintenance.compactionsFailed,
  ],
  [
    'counter',
    'compactions_triggered_total',
    'Total number of triggered compactions.',
    (it) => it.maintenance.compactionsTriggered,
  ],
  [
    'counter',
    'vertical_compactions_total',
    'Total number of compactions done on overlapping blocks.',
    (it) => it.maintenance.verticalCompactions,
  ],
  [
    'counter',
    'time_retentions_total',
    'The number of times that blocks were deleted because the maximum time limit was exceeded.',
    (it) => it.maintenance.timeRetentions,
  ],
  [
    'counter',
    'size_retentions_total',
    'The number of times that blocks were deleted because the maximum number of bytes was exceeded.',
    (it) => it.maintenance.sizeRetentions,
  ],
  [
    'gauge',
    'retention_limit_seconds',
    'How long to retain samples in storage.',
    (it) => it.retention.ms / 1000,
  ],
  [
    'gauge',
    'retention_limit_bytes',
    'Max number of bytes to be retained in the blocks, 0 means disabled.',
    (it) => it.retention.bytes,
  ],
  ['counter', 'reloads_total', 'Number of times the blocks were loaded from disk.', () => 1],
  [
    'counter',
    'reloads_failures_total',
    'Number of blocks that could not be loaded from disk.',
    (it) => it.damages.length,
  ],
  [
    'counter',
    'checkpoint_creations_total',
    'Total number of checkpoint creations attempted.',
    (it) => it.maintenance.checkpoints,
  ],
  [
    'counter',
    'checkpoint_creations_failed_total',
    'Total number of checkpoint creations that failed.',
    (it) => it.maintenance.checkpointsFailed,
  ],
  [
    'counter',
    'checkpoint_deletions_total',
    'Total number of checkpoint deletions attempted.',
    (it) => it.maintenance.walTruncations,
  ],
  [
    'counter',
    'checkpoint_deletions_failed_total',
    'Total number of checkpoint deletions that failed.',
    (it) => it.maintenance.walTruncationsFailed,
  ],
  [
    'counter',
    'wal_truncations_total',
    'Total number of write log truncations attempted.',
    (it) => it.maintenance.walTruncations,
  ],
  [
    'counter',
    'wal_truncations_failed_total',
    'Total number of write log truncations that failed.',
    (it) => it.maintenance.walTruncationsFailed,
  ],
  ['counter', 'wal_corruptions_total', 'Total number of WAL corruptions.', (it) => it.wal.corruptions],
  [
    'counter',
    'wal_writes_failed_total',
    'Total number of write log writes that failed.',
    (it) => it.wal.writesFailed,
  ],
  ['counter', 'wal_completed_pages_total', 'Total number of completed pages.', (it) => it.wal.pages],
  ['counter', 'wal_page_flushes_total', 'Total number of page flushes.', (it) => it.wal.flushes],
  [
    'counter',
    'wal_record_part_writes_total',
    'Total number of record parts written before flushing.',
    (it) => it.wal.fragments,
  ],
  [
    'counter',
    'wal_record_parts_bytes_written_total',
    'Total number of record part bytes written before flushing.',
    (it) => it.wal.fragmentBytes,
  ],
  [
    'gauge',
    'wal_segment_current',
    'Write log segment index that TSDB is currently writing to.',
    (it) => it.wal.segment,
  ],
  [
    'gauge',
    'data_replay_duration_seconds',
    'Time taken to replay the data on disk.',
    (it) => it.wal.replayMs / 1000,
  ],
  [
    'gauge',
    'clean_start',
    'Whether the last owner had closed the directory: 1 = yes, 0 = it crashed.',
    (it) => Number(it.cleanStart),
  ],
  [
    'counter',
    'exemplar_exemplars_appended_total',
    'Total number of appended exemplars.',
    (it) => it.exemplars.appended,
  ],
  [
    'counter',
    'exemplar_out_of_order_exemplars_total',
    'Total number of out of order exemplar ingestion failed attempts.',
    (it) => it.exemplars.outOfOrder,
  ],
  [
    'gauge',
    'exemplar_exemplars_in_storage',
    'Number of exemplars currently in circular storage.',
    (it) => it.exemplars.stored,
  ],
  [
    'gauge',
    'exemplar_max_exemplars',
    'Total number of exemplars the exemplar storage can store.',
    (it) => it.exemplars.capacity,
  ],
  [
    'gauge',
    'exemplar_series_with_exemplars_in_storage',
    'Number of series with exemplars currently in circular storage.',
    (it) => it.exemplars.series,
  ],
  [
    'gauge',
    'exemplar_last_exemplars_timestamp_seconds',
    'The timestamp of the oldest exemplar stored in circular storage.',
    (it) => it.exemplars.oldestTime / 1000,
  ],
];

/** Rows that Prometheus splits by a label. */
const BY_LABEL: readonly (readonly [name: string, help: string, label: string, Record<string, Read>])[] = [
  [
    'head_samples_appended_total',
    'Total number of appended samples.',
    'type',
    { float: (it) => it.head.floats, histogram: (it) => it.head.histograms },
  ],
  [
    'out_of_order_samples_total',
    'Total number of out of order samples ingestion failed attempts.',
    'type',
    { float: (it) => it.head.outOfOrder, histogram: (it) => it.head.outOfOrderHistograms },
  ],
  [
    'head_out_of_order_samples_appended_total',
    'Total number of appended out of order samples.',
    'type',
    { float: (it) => it.head.outOfOrderAppended },
  ],
  [
    'wal_record_bytes_saved_total',
    'Total number of bytes saved by the optional record compression.',
    'compression',
    { snappy: (it) => Math.max(0, it.wal.bytesSaved) },
  ],
];

/** Histograms; what they count is given in Prometheus's units. */
const DISTRIBUTIONS: readonly (readonly [
  name: string,
  help: string,
  read: (stats: DatabaseStats) => Distribution,
])[] = [
  ['compaction_duration_seconds', 'Duration of compaction runs.', (it) => it.measures.compactions],
  [
    'compaction_chunk_range_seconds',
    'Final time range of chunks on their first compaction, in milliseconds as in Prometheus.',
    (it) => it.measures.chunkRange,
  ],
  [
    'compaction_chunk_samples',
    'Final number of samples on their first compaction.',
    (it) => it.measures.chunkSamples,
  ],
  [
    'compaction_chunk_size_bytes',
    'Final size of chunks on their first compaction.',
    (it) => it.measures.chunkBytes,
  ],
  [
    'tombstone_cleanup_seconds',
    'The time taken to recompact blocks to remove tombstones.',
    (it) => it.measures.tombstones,
  ],
];

/** Summaries; only that of fsync has quantiles in Prometheus. */
const DURATIONS: readonly (readonly [
  name: string,
  help: string,
  quantiles: readonly number[],
  read: (stats: DatabaseStats) => Durations,
])[] = [
  [
    'wal_fsync_duration_seconds',
    'Duration of write log fsync.',
    [0.5, 0.9, 0.99],
    (it) => it.measures.walSyncs,
  ],
  ['wal_truncate_duration_seconds', 'Duration of WAL truncation.', [], (it) => it.measures.walTruncations],
  [
    'head_gc_duration_seconds',
    'Runtime of garbage collection in the head block.',
    [],
    (it) => it.measures.headCuts,
  ],
];

/** Shows the storage's figures as `prometheus_tsdb_*`, read when they are asked for. */
export function tsdbMetrics(database: Pick<Database, 'stats' | 'diskUse'>, registry: Registry): void {
  for (const [kind, name, help, read] of ROWS) {
    const options = { name: `prometheus_tsdb_${name}`, help, registers: [] };
    const now = (): number => read(database.stats());
    registry.registerMetric(kind === 'gauge' ? gauge(options, now) : counter(options, now));
  }
  for (const [name, help, label, kinds] of BY_LABEL) {
    const counter = new Counter({
      name: `prometheus_tsdb_${name}`,
      help,
      registers: [],
      labelNames: [label],
      collect() {
        this.reset();
        for (const [kind, read] of Object.entries(kinds)) this.inc({ [label]: kind }, read(database.stats()));
      },
    });
    registry.registerMetric(counter);
  }
  for (const [name, help, read] of DISTRIBUTIONS)
    registry.registerMetric(
      shown('histogram', `prometheus_tsdb_${name}`, help, () => bucketsOf(read(database.stats()))),
    );
  for (const [name, help, quantiles, read] of DURATIONS)
    registry.registerMetric(
      shown('summary', `prometheus_tsdb_${name}`, help, () => quantilesOf(read(database.stats()), quantiles)),
    );
  const sizes = [
    ['wal_storage_size_bytes', 'Size of the write log directory.', 'wal'],
    ['head_chunks_storage_size_bytes', 'Size of the chunks_head directory.', 'headChunks'],
  ] as const;
  for (const [name, help, which] of sizes) {
    const size = new Gauge({
      name: `prometheus_tsdb_${name}`,
      help,
      registers: [],
      async collect() {
        this.set((await database.diskUse())[which]);
      },
    });
    registry.registerMetric(size);
  }
}

interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly registers: Registry[];
}

function gauge(options: MetricOptions, read: () => number): Gauge {
  return new Gauge({
    ...options,
    collect() {
      this.set(read());
    },
  });
}

function counter(options: MetricOptions, read: () => number): Counter {
  return new Counter({
    ...options,
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}
