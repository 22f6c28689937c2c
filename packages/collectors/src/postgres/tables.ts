import type { Row } from './connection.ts';
import { addColumns, number, text, type PostgresQuery } from './query.ts';

const COUNTERS = {
  seq_scan: 'Sequential scans.',
  seq_tup_read: 'Rows read by sequential scans.',
  idx_scan: 'Index scans.',
  idx_tup_fetch: 'Rows fetched by index scans.',
  n_tup_ins: 'Rows inserted.',
  n_tup_upd: 'Rows updated.',
  n_tup_del: 'Rows deleted.',
  n_tup_hot_upd: 'Rows updated without a new index entry.',
  vacuum_count: 'Vacuums by hand.',
  autovacuum_count: 'Vacuums by the daemon.',
  analyze_count: 'Analyses by hand.',
  autoanalyze_count: 'Analyses by the daemon.',
} as const;
const GAUGES = {
  n_live_tup: 'Live rows, estimated.',
  n_dead_tup: 'Dead rows, estimated.',
  n_mod_since_analyze: 'Rows changed since the last analysis, estimated.',
} as const;
const TIMES = {
  last_vacuum: 'Last vacuum by hand, as unix time; 0 = never.',
  last_autovacuum: 'Last vacuum by the daemon, as unix time; 0 = never.',
  last_analyze: 'Last analysis by hand, as unix time; 0 = never.',
  last_autoanalyze: 'Last analysis by the daemon, as unix time; 0 = never.',
} as const;
const SIZES = {
  table_size_bytes: 'Size of the table with TOAST, without indexes.',
  index_size_bytes: 'Size of the indexes.',
  size_bytes: 'Size of the table with indexes and TOAST.',
} as const;

/** A database with very many tables must not drown the storage: the largest ones count. */
const MOST_TABLES = 500;

/** Columns of pg_statio_user_tables, and what postgres_exporter calls them. */
const BLOCKS = {
  heap_blks_read: ['heap_blocks_read', 'Blocks of the table read.'],
  heap_blks_hit: ['heap_blocks_hit', 'Blocks of the table found in the cache.'],
  idx_blks_read: ['idx_blocks_read', 'Blocks of its indexes read.'],
  idx_blks_hit: ['idx_blocks_hit', 'Blocks of its indexes found in the cache.'],
  toast_blks_read: ['toast_blocks_read', 'Blocks of its TOAST table read.'],
  toast_blks_hit: ['toast_blocks_hit', 'Blocks of its TOAST table found in the cache.'],
  tidx_blks_read: ['tidx_blocks_read', 'Blocks of the TOAST table’s indexes read.'],
  tidx_blks_hit: ['tidx_blocks_hit', 'Blocks of the TOAST table’s indexes found in the cache.'],
} as const;

function tableLabels(row: Row): Record<string, string> {
  return {
    datname: text(row['datname']),
    relname: text(row['relname']),
    schemaname: text(row['schemaname']),
  };
}

/** Of the database that the connection string names. */
export const userTables: PostgresQuery = {
  name: 'stat_user_tables',
  sql: () => `SELECT current_database() AS datname, schemaname, relname,
      ${[...Object.keys(COUNTERS), ...Object.keys(GAUGES)].join(', ')},
      ${Object.keys(TIMES)
        .map((column) => `coalesce(extract(epoch FROM ${column}), 0) AS ${column}`)
        .join(', ')},
      pg_table_size(relid) AS table_size_bytes, pg_indexes_size(relid) AS index_size_bytes,
      pg_total_relation_size(relid) AS size_bytes
    FROM pg_stat_user_tables ORDER BY size_bytes DESC LIMIT ${MOST_TABLES}`,
  add(row, out) {
    const labels = tableLabels(row);
    addColumns(out, 'counter', 'pg_stat_user_tables', row, COUNTERS, labels);
    addColumns(out, 'gauge', 'pg_stat_user_tables', row, { ...GAUGES, ...TIMES, ...SIZES }, labels);
  },
};

export const tableBlocks: PostgresQuery = {
  name: 'statio_user_tables',
  sql: () => `SELECT current_database() AS datname, schemaname, relname, ${Object.keys(BLOCKS).join(', ')}
    FROM pg_statio_user_tables ORDER BY heap_blks_read + heap_blks_hit DESC NULLS LAST LIMIT ${MOST_TABLES}`,
  add(row, out) {
    const labels = tableLabels(row);
    for (const [column, [name, help]] of Object.entries(BLOCKS)) {
      // NULL without a TOAST table or index; postgres_exporter says 0.
      out.counter(`pg_statio_user_tables_${name}`, help, number(row[column] ?? 0), labels);
    }
  },
};
