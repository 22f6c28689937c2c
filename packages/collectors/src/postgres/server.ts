/** Queries about the server as a whole: its background work, its write-ahead log and its standbys. */
import { addColumns, number, text, type PostgresQuery } from './query.ts';

const BGWRITER = {
  checkpoints_timed: 'Checkpoints that were due.',
  checkpoints_req: 'Checkpoints that were asked for.',
  checkpoint_write_time: 'Time that checkpoints spent writing, in ms.',
  checkpoint_sync_time: 'Time that checkpoints spent syncing, in ms.',
  buffers_checkpoint: 'Buffers written by checkpoints.',
  buffers_clean: 'Buffers written by the background writer.',
  maxwritten_clean: 'Times the background writer stopped because it had written too many.',
  buffers_backend: 'Buffers that sessions had to write themselves.',
  buffers_backend_fsync: 'Syncs that sessions had to do themselves.',
  buffers_alloc: 'Buffers allocated.',
  stats_reset: 'When the statistics were reset, as unix time.',
} as const;

/** PostgreSQL 17 moved most columns to other views; dashboards and rules still ask for the old names. */
const BGWRITER_17 = `SELECT c.num_timed AS checkpoints_timed, c.num_requested AS checkpoints_req,
    c.write_time AS checkpoint_write_time, c.sync_time AS checkpoint_sync_time, c.buffers_written AS buffers_checkpoint,
    b.buffers_clean, b.maxwritten_clean, b.buffers_alloc, extract(epoch FROM b.stats_reset) AS stats_reset,
    (SELECT sum(writes) FROM pg_stat_io WHERE backend_type = 'client backend' AND object = 'relation') AS buffers_backend,
    (SELECT sum(fsyncs) FROM pg_stat_io WHERE backend_type = 'client backend' AND object = 'relation') AS buffers_backend_fsync
  FROM pg_stat_bgwriter b, pg_stat_checkpointer c`;

export const bgwriter: PostgresQuery = {
  name: 'stat_bgwriter',
  sql: (version) =>
    version >= 170_000
      ? BGWRITER_17
      : `SELECT ${Object.keys(BGWRITER).join(', ').replace('stats_reset', 'extract(epoch FROM stats_reset) AS stats_reset')}
           FROM pg_stat_bgwriter`,
  add(row, out) {
    for (const [column, help] of Object.entries(BGWRITER))
      out.counter(`pg_stat_bgwriter_${column}_total`, help, number(row[column]));
  },
};

export const archiver: PostgresQuery = {
  name: 'stat_archiver',
  sql: () => `SELECT archived_count, failed_count, extract(epoch FROM now() - last_archived_time) AS age
    FROM pg_stat_archiver`,
  add(row, out, server) {
    out.counter(
      'pg_stat_archiver_archived_count',
      'WAL files archived.',
      number(row['archived_count']),
      server,
    );
    out.counter(
      'pg_stat_archiver_failed_count',
      'WAL files that could not be archived.',
      number(row['failed_count']),
      server,
    );
    out.gauge(
      'pg_stat_archiver_last_archive_age',
      'Time since the last WAL file was archived, in s.',
      number(row['age']),
      server,
    );
  },
};

export const wal: PostgresQuery = {
  name: 'wal',
  sql: () => 'SELECT count(*) AS segments, coalesce(sum(size), 0) AS size FROM pg_ls_waldir()',
  add(row, out) {
    out.gauge('pg_wal_segments', 'WAL files.', number(row['segments']));
    out.gauge('pg_wal_size_bytes', 'Size of the WAL files.', number(row['size']));
  },
};

const CONFLICTS = {
  confl_tablespace: 'Queries cancelled on a standby: a tablespace was dropped.',
  confl_lock: 'Queries cancelled on a standby: a lock took too long.',
  confl_snapshot: 'Queries cancelled on a standby: their snapshot was too old.',
  confl_bufferpin: 'Queries cancelled on a standby: a buffer was pinned.',
  confl_deadlock: 'Queries cancelled on a standby: a deadlock.',
} as const;

export const conflicts: PostgresQuery = {
  name: 'stat_database_conflicts',
  sql: () => `SELECT datid, datname, ${Object.keys(CONFLICTS).join(', ')} FROM pg_stat_database_conflicts`,
  add(row, out, server) {
    const labels = { datid: text(row['datid']), datname: text(row['datname']), ...server };
    addColumns(out, 'counter', 'pg_stat_database_conflicts', row, CONFLICTS, labels);
  },
};

export const roles: PostgresQuery = {
  name: 'roles',
  sql: () => 'SELECT rolname, rolconnlimit FROM pg_roles',
  add(row, out) {
    const labels = { rolname: text(row['rolname']) };
    out.gauge(
      'pg_roles_connection_limit',
      'Connections allowed for the role, -1 when unlimited.',
      number(row['rolconnlimit']),
      labels,
    );
  },
};

/** How far the WAL has come: written on a primary, received on a standby. */
const CURRENT_LSN =
  '(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END)';

export const replication: PostgresQuery = {
  name: 'replication',
  sql: () => `SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END AS is_replica,
      CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
           ELSE greatest(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp())) END AS lag,
      CASE WHEN pg_is_in_recovery() THEN greatest(0, extract(epoch FROM now() - pg_last_xact_replay_timestamp()))
           ELSE 0 END AS last_replay`,
  add(row, out) {
    out.gauge('pg_replication_is_replica', '1 on a standby.', number(row['is_replica']));
    out.gauge(
      'pg_replication_lag_seconds',
      'How far the standby is behind; 0 on a primary.',
      number(row['lag']),
    );
    out.gauge(
      'pg_replication_last_replay_seconds',
      'Age of the last transaction that the standby replayed.',
      number(row['last_replay']),
    );
  },
};

export const slots: PostgresQuery = {
  name: 'replication_slot',
  sql: () => `SELECT slot_name, slot_type, coalesce(database, '') AS database, active::int AS active,
      coalesce(wal_status, '') AS wal_status, ${CURRENT_LSN} - '0/0' AS current_lsn,
      coalesce(confirmed_flush_lsn, '0/0') - '0/0' AS flushed_lsn, pg_wal_lsn_diff(${CURRENT_LSN}, restart_lsn) AS behind
    FROM pg_replication_slots`,
  add(row, out, server) {
    const labels = { slot_name: text(row['slot_name']), slot_type: text(row['slot_type']) };
    const active = number(row['active']);
    out.gauge(
      'pg_replication_slot_slot_current_wal_lsn',
      'Position of the WAL, as a number.',
      number(row['current_lsn']),
      labels,
    );
    out.gauge(
      'pg_replication_slot_slot_confirmed_flush_lsn',
      'Position that the consumer has confirmed.',
      number(row['flushed_lsn']),
      labels,
    );
    out.gauge('pg_replication_slot_slot_is_active', '1 while the slot is in use.', active, labels);
    out.gauge('pg_replication_slot_wal_status', 'Always 1; the state of its WAL is in the label.', 1, {
      ...labels,
      wal_status: text(row['wal_status']),
    });
    const older = { slot_name: text(row['slot_name']), database: text(row['database']), ...server };
    out.gauge('pg_replication_slots_active', '1 while the slot is in use.', active, older);
    out.gauge(
      'pg_replication_slots_pg_wal_lsn_diff',
      'Bytes of WAL that the slot holds back.',
      number(row['behind']),
      older,
    );
  },
};

export const standbys: PostgresQuery = {
  name: 'stat_replication',
  sql: () => `SELECT r.application_name, coalesce(r.client_addr::text, '') AS client_addr, r.state,
      coalesce(s.slot_name, '') AS slot_name, ${CURRENT_LSN} - '0/0' AS current_lsn,
      pg_wal_lsn_diff(${CURRENT_LSN}, r.replay_lsn) AS behind
    FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid`,
  add(row, out, server) {
    const labels = {
      application_name: text(row['application_name']),
      client_addr: text(row['client_addr']),
      slot_name: text(row['slot_name']),
      state: text(row['state']),
      ...server,
    };
    out.gauge(
      'pg_stat_replication_pg_current_wal_lsn_bytes',
      'Position of the WAL, as a number.',
      number(row['current_lsn']),
      labels,
    );
    out.gauge(
      'pg_stat_replication_pg_wal_lsn_diff',
      'Bytes of WAL that the standby has not replayed.',
      number(row['behind']),
      labels,
    );
  },
};
