import { archiver, bgwriter, conflicts, replication, roles, slots, standbys, wal } from './server.ts';
import { addColumns, number, text, type PostgresQuery } from './query.ts';
import { tableBlocks, userTables } from './tables.ts';

const DATABASE_COUNTERS = {
  xact_commit: 'Transactions committed.',
  xact_rollback: 'Transactions rolled back.',
  blks_read: 'Blocks read from disk.',
  blks_hit: 'Blocks found in the buffer cache.',
  tup_returned: 'Rows that scans returned.',
  tup_fetched: 'Rows that queries fetched.',
  tup_inserted: 'Rows inserted.',
  tup_updated: 'Rows updated.',
  tup_deleted: 'Rows deleted.',
  conflicts: 'Queries cancelled by recovery conflicts.',
  temp_files: 'Temporary files made.',
  temp_bytes: 'Bytes written to temporary files.',
  deadlocks: 'Deadlocks found.',
  blk_read_time: 'Time spent reading blocks, in ms.',
  blk_write_time: 'Time spent writing blocks, in ms.',
} as const;

const databases: PostgresQuery = {
  name: 'stat_database',
  sql: (version) => `SELECT datid, datname, numbackends, ${Object.keys(DATABASE_COUNTERS).join(', ')},
          ${version >= 140_000 ? 'active_time / 1000' : 'NULL'} AS active_time,
          extract(epoch FROM stats_reset) AS stats_reset FROM pg_stat_database WHERE datname IS NOT NULL`,
  add(row, out) {
    const labels = { datid: text(row.datid), datname: text(row.datname) };
    out.gauge(
      'pg_stat_database_numbackends',
      'Connections to this database.',
      number(row.numbackends),
      labels,
    );
    out.counter(
      'pg_stat_database_active_time_seconds_total',
      'Time that sessions spent executing.',
      number(row['active_time']),
      labels,
    );
    addColumns(out, 'counter', 'pg_stat_database', row, DATABASE_COUNTERS, labels);
    out.counter(
      'pg_stat_database_stats_reset',
      'When the statistics were reset, as unix time.',
      number(row.stats_reset),
      labels,
    );
  },
};

const STATES = [
  'active',
  'idle',
  'idle in transaction',
  'idle in transaction (aborted)',
  'fastpath function call',
  'disabled',
];

const activity: PostgresQuery = {
  name: 'stat_activity',
  // Every database has every state, at 0 where nobody is in it, so that rates and alerts see no gaps. Background
  // workers belong to no database and have no state: they are counted under empty labels.
  sql: () => `SELECT coalesce(d.datname, '') AS datname, coalesce(s.state, '') AS state, count(a.pid) AS count,
          coalesce(max(extract(epoch FROM now() - a.xact_start)), 0) AS max_tx_duration
        FROM (SELECT datname FROM pg_database WHERE datallowconn UNION ALL SELECT NULL) d
        CROSS JOIN (SELECT unnest(ARRAY[${STATES.map((state) => `'${state}'`).join(', ')}]) AS state UNION ALL SELECT NULL) s
        LEFT JOIN pg_stat_activity a ON a.datname IS NOT DISTINCT FROM d.datname AND a.state IS NOT DISTINCT FROM s.state
        GROUP BY 1, 2 HAVING count(a.pid) > 0 OR (coalesce(d.datname, '') <> '' AND coalesce(s.state, '') <> '')`,
  add(row, out, server) {
    const labels = { datname: text(row.datname), state: text(row.state), ...server };
    out.gauge('pg_stat_activity_count', 'Connections in this state.', number(row.count), labels);
    out.gauge(
      'pg_stat_activity_max_tx_duration',
      'Age of the oldest transaction in this state, in s.',
      number(row.max_tx_duration),
      labels,
    );
  },
};

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1024,
  '8kB': 8192,
  MB: 1 << 20,
  '16MB': 1 << 24,
  GB: 1 << 30,
};
const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3600, d: 86_400 };

const settings: PostgresQuery = {
  name: 'settings',
  sql: () => `SELECT name, setting, coalesce(unit, '') AS unit, short_desc, vartype FROM pg_settings
        WHERE vartype IN ('bool', 'integer', 'real') AND name <> 'sync_commit_cancel_wait'`,
  add(row, out, server) {
    const unit = text(row.unit);
    const suffix = BYTES[unit] !== undefined ? '_bytes' : SECONDS[unit] !== undefined ? '_seconds' : '';
    const factor = BYTES[unit] ?? SECONDS[unit] ?? 1;
    const raw = row.vartype === 'bool' ? (row.setting === 'on' ? 1 : 0) : number(row.setting);
    // -1 means "not set" or "no limit", whatever the unit.
    const value = raw === -1 ? -1 : raw * factor;
    const name = `pg_settings_${text(row.name).replaceAll('.', '_')}${suffix}`;
    out.gauge(name, `Server setting ${text(row.name)}: ${text(row.short_desc)}`, value, server);
  },
};

const sizes: PostgresQuery = {
  name: 'database',
  sql: () => `SELECT datname, pg_database_size(oid) AS bytes, datconnlimit FROM pg_database
        WHERE datallowconn AND has_database_privilege(oid, 'CONNECT')`,
  add(row, out) {
    const labels = { datname: text(row.datname) };
    out.gauge('pg_database_size_bytes', 'Size of the database.', number(row.bytes), labels);
    out.gauge(
      'pg_database_connection_limit',
      'Connections allowed, -1 when unlimited.',
      number(row.datconnlimit),
      labels,
    );
  },
};

const locks: PostgresQuery = {
  name: 'locks',
  sql: () => `SELECT d.datname, lower(m.mode) AS mode, count(l.pid) AS count FROM pg_database d
        CROSS JOIN (VALUES ('AccessShareLock'), ('RowShareLock'), ('RowExclusiveLock'), ('ShareUpdateExclusiveLock'),
          ('ShareLock'), ('ShareRowExclusiveLock'), ('ExclusiveLock'), ('AccessExclusiveLock'), ('SIReadLock')) AS m(mode)
        LEFT JOIN pg_locks l ON l.database = d.oid AND l.mode = m.mode GROUP BY 1, 2`,
  add(row, out) {
    const labels = { datname: text(row.datname), mode: text(row.mode) };
    out.gauge('pg_locks_count', 'Locks held or awaited in this mode.', number(row.count), labels);
  },
};

const postmaster: PostgresQuery = {
  name: 'postmaster',
  sql: () => `SELECT extract(epoch FROM pg_postmaster_start_time()) AS start, version() AS version,
          current_setting('server_version') AS short_version`,
  add(row, out, server) {
    out.gauge(
      'pg_postmaster_start_time_seconds',
      'When the server started, as unix time.',
      number(row['start']),
    );
    // `15.18 (Debian …)` → `15.18.0`
    const numbers = (text(row['short_version']).split(' ')[0] ?? '').split('.');
    const short_version = [...numbers, '0', '0'].slice(0, 3).join('.');
    const labels = { ...server, version: text(row['version']), short_version };
    out.untyped('pg_static', 'Always 1; the version is in the labels.', 1, labels);
  },
};

export const POSTGRES_QUERIES: readonly PostgresQuery[] = [
  activity,
  databases,
  settings,
  sizes,
  locks,
  conflicts,
  userTables,
  tableBlocks,
  bgwriter,
  archiver,
  wal,
  roles,
  replication,
  slots,
  standbys,
  postmaster,
];
