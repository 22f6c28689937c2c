/** Which fields of the server's answers become which families: the names of mongodb_exporter (dcu). */
import type { Exposition, LabelValues } from '../exposition.ts';
import type { Document } from './connection.ts';

/** A family with one sample per field, told apart by a label. */
interface LabelledFamily {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** Value of the label → path of the field. */
  readonly fields: Readonly<Record<string, string>>;
}

interface PlainFamily {
  readonly name: string;
  readonly help: string;
  readonly path: string;
  readonly factor?: number;
}

const PLAIN: readonly PlainFamily[] = [
  { name: 'instance_uptime_seconds', help: 'How long the server has run.', path: 'uptime' },
  {
    name: 'instance_uptime_estimate_seconds',
    help: 'How long the server has run, by its own estimate.',
    path: 'uptimeEstimate',
  },
  {
    name: 'instance_local_time',
    help: 'Clock of the server, as unix time.',
    path: 'localTime',
    factor: 0.001,
  },
  {
    name: 'connections_metrics_created_total',
    help: 'Connections accepted so far.',
    path: 'connections.totalCreated',
  },
  { name: 'extra_info_heap_usage_bytes', help: 'Heap of the process.', path: 'extra_info.heap_usage_bytes' },
  {
    name: 'extra_info_page_faults_total',
    help: 'Page faults that needed the disk.',
    path: 'extra_info.page_faults',
  },
  { name: 'global_lock_total', help: 'Time since the server started, in µs.', path: 'globalLock.totalTime' },
  { name: 'network_metrics_num_requests_total', help: 'Requests served.', path: 'network.numRequests' },
  {
    name: 'metrics_cursor_timed_out_total',
    help: 'Cursors that timed out.',
    path: 'metrics.cursor.timedOut',
  },
  {
    name: 'metrics_ttl_deleted_documents_total',
    help: 'Documents deleted because of their age.',
    path: 'metrics.ttl.deletedDocuments',
  },
  {
    name: 'metrics_ttl_passes_total',
    help: 'Searches for documents that are too old.',
    path: 'metrics.ttl.passes',
  },
  {
    name: 'metrics_repl_apply_ops_total',
    help: 'Replicated operations applied.',
    path: 'metrics.repl.apply.ops',
  },
  {
    name: 'metrics_repl_apply_batches_num_total',
    help: 'Batches of replicated operations applied.',
    path: 'metrics.repl.apply.batches.num',
  },
  {
    name: 'metrics_repl_apply_batches_total_milliseconds',
    help: 'Time spent applying them, in ms.',
    path: 'metrics.repl.apply.batches.totalMillis',
  },
  { name: 'metrics_repl_buffer_count', help: 'Operations in the buffer.', path: 'metrics.repl.buffer.count' },
  {
    name: 'metrics_repl_buffer_size_bytes',
    help: 'Size of the buffer.',
    path: 'metrics.repl.buffer.sizeBytes',
  },
  {
    name: 'metrics_repl_buffer_max_size_bytes',
    help: 'Largest size of the buffer.',
    path: 'metrics.repl.buffer.maxSizeBytes',
  },
  {
    name: 'metrics_repl_network_bytes_total',
    help: 'Bytes read from the source.',
    path: 'metrics.repl.network.bytes',
  },
  {
    name: 'metrics_repl_network_ops_total',
    help: 'Operations read from the source.',
    path: 'metrics.repl.network.ops',
  },
  {
    name: 'metrics_get_last_error_wtimeouts_total',
    help: 'Writes that were not acknowledged in time.',
    path: 'metrics.getLastError.wtimeouts',
  },
  {
    name: 'wiredtiger_cache_max_bytes',
    help: 'Largest size of the cache.',
    path: 'wiredTiger.cache.maximum bytes configured',
  },
  {
    name: 'wiredtiger_session_open_cursors_total',
    help: 'Open cursors.',
    path: 'wiredTiger.session.open cursor count',
  },
  {
    name: 'wiredtiger_session_open_sessions_total',
    help: 'Open sessions.',
    path: 'wiredTiger.session.open session count',
  },
  {
    name: 'wiredtiger_transactions_running_checkpoints',
    help: 'Checkpoints that run now.',
    path: 'wiredTiger.transaction.transaction checkpoint currently running',
  },
];

const same =
  (...names: string[]): ((prefix: string) => Record<string, string>) =>
  (prefix) =>
    Object.fromEntries(names.map((name) => [name, `${prefix}.${name}`]));
const operations = same('insert', 'query', 'update', 'delete', 'getmore', 'command');

const LABELLED: readonly LabelledFamily[] = [
  {
    name: 'asserts_total',
    help: 'Assertions.',
    label: 'type',
    fields: same('regular', 'warning', 'msg', 'user', 'rollovers')('asserts'),
  },
  {
    name: 'connections',
    help: 'Connections.',
    label: 'state',
    fields: same('current', 'available')('connections'),
  },
  {
    name: 'memory',
    help: 'Memory, in MB.',
    label: 'type',
    fields: {
      resident: 'mem.resident',
      virtual: 'mem.virtual',
      mapped: 'mem.mapped',
      mapped_with_journal: 'mem.mappedWithJournal',
    },
  },
  { name: 'op_counters_total', help: 'Operations.', label: 'type', fields: operations('opcounters') },
  {
    name: 'op_counters_repl_total',
    help: 'Replicated operations.',
    label: 'type',
    fields: operations('opcountersRepl'),
  },
  {
    name: 'network_bytes_total',
    help: 'Bytes in and out.',
    label: 'state',
    fields: { in_bytes: 'network.bytesIn', out_bytes: 'network.bytesOut' },
  },
  {
    name: 'global_lock_client',
    help: 'Clients that hold or await the lock.',
    label: 'type',
    fields: { reader: 'globalLock.activeClients.readers', writer: 'globalLock.activeClients.writers' },
  },
  {
    name: 'global_lock_current_queue',
    help: 'Operations that await the lock.',
    label: 'type',
    fields: { reader: 'globalLock.currentQueue.readers', writer: 'globalLock.currentQueue.writers' },
  },
  {
    name: 'metrics_document_total',
    help: 'Documents.',
    label: 'state',
    fields: same('inserted', 'deleted', 'updated', 'returned')('metrics.document'),
  },
  {
    name: 'metrics_query_executor_total',
    help: 'What queries had to look at.',
    label: 'state',
    fields: {
      scanned: 'metrics.queryExecutor.scanned',
      scanned_objects: 'metrics.queryExecutor.scannedObjects',
    },
  },
  {
    name: 'metrics_operation_total',
    help: 'Kinds of operations.',
    label: 'type',
    fields: {
      scan_and_order: 'metrics.operation.scanAndOrder',
      fastmod: 'metrics.operation.fastmod',
      idhack: 'metrics.operation.idhack',
    },
  },
  {
    name: 'metrics_cursor_open',
    help: 'Open cursors.',
    label: 'state',
    fields: {
      total: 'metrics.cursor.open.total',
      pinned: 'metrics.cursor.open.pinned',
      timed_out: 'metrics.cursor.timedOut',
    },
  },
  {
    name: 'wiredtiger_cache_bytes',
    help: 'Bytes in the cache.',
    label: 'type',
    fields: {
      total: 'wiredTiger.cache.bytes currently in the cache',
      dirty: 'wiredTiger.cache.tracked dirty bytes in the cache',
      internal_pages: 'wiredTiger.cache.tracked bytes belonging to internal pages in the cache',
      leaf_pages: 'wiredTiger.cache.tracked bytes belonging to leaf pages in the cache',
    },
  },
  {
    name: 'wiredtiger_cache_bytes_total',
    help: 'Bytes moved into and out of the cache.',
    label: 'type',
    fields: {
      read: 'wiredTiger.cache.bytes read into cache',
      written: 'wiredTiger.cache.bytes written from cache',
    },
  },
  {
    name: 'wiredtiger_cache_evicted_total',
    help: 'Pages evicted.',
    label: 'type',
    fields: {
      modified: 'wiredTiger.cache.modified pages evicted',
      unmodified: 'wiredTiger.cache.unmodified pages evicted',
    },
  },
  {
    name: 'wiredtiger_cache_pages',
    help: 'Pages in the cache.',
    label: 'type',
    fields: {
      total: 'wiredTiger.cache.pages currently held in the cache',
      dirty: 'wiredTiger.cache.tracked dirty pages in the cache',
    },
  },
  {
    name: 'wiredtiger_cache_pages_total',
    help: 'Pages moved into and out of the cache.',
    label: 'type',
    fields: {
      read: 'wiredTiger.cache.pages read into cache',
      written: 'wiredTiger.cache.pages written from cache',
    },
  },
  {
    name: 'wiredtiger_transactions_total',
    help: 'Transactions.',
    label: 'type',
    fields: {
      begins: 'wiredTiger.transaction.transaction begins',
      committed: 'wiredTiger.transaction.transactions committed',
      rolledback: 'wiredTiger.transaction.transactions rolled back',
      checkpoints: 'wiredTiger.transaction.transaction checkpoints',
    },
  },
  {
    name: 'wiredtiger_log_bytes_total',
    help: 'Bytes of the log.',
    label: 'type',
    fields: {
      payload: 'wiredTiger.log.log bytes of payload data',
      written: 'wiredTiger.log.log bytes written',
    },
  },
  {
    name: 'wiredtiger_blockmanager_bytes_total',
    help: 'Bytes of blocks.',
    label: 'type',
    fields: {
      read: 'wiredTiger.block-manager.bytes read',
      written: 'wiredTiger.block-manager.bytes written',
    },
  },
  {
    name: 'wiredtiger_concurrent_transactions_out_tickets',
    help: 'Operations that run now.',
    label: 'type',
    fields: {
      read: 'wiredTiger.concurrentTransactions.read.out',
      write: 'wiredTiger.concurrentTransactions.write.out',
    },
  },
  {
    name: 'wiredtiger_concurrent_transactions_available_tickets',
    help: 'Operations that may still start.',
    label: 'type',
    fields: {
      read: 'wiredTiger.concurrentTransactions.read.available',
      write: 'wiredTiger.concurrentTransactions.write.available',
    },
  },
];

/** What `serverStatus` told. Fields that this version does not have are left out. */
export function addServerStatus(out: Exposition, status: Document): void {
  for (const { name, help, path, factor = 1 } of PLAIN)
    out.gauge(`mongodb_${name}`, help, number(at(status, path)) * factor);
  for (const { name, help, label, fields } of LABELLED) {
    for (const [value, path] of Object.entries(fields))
      out.gauge(`mongodb_${name}`, help, number(at(status, path)), { [label]: value });
  }
  const engine = at(status, 'storageEngine.name');
  if (typeof engine === 'string')
    out.gauge('mongodb_storage_engine', 'Always 1; the engine is in the label.', 1, { engine });
}

const DATABASE: Readonly<Record<string, readonly [string, string]>> = {
  collections: ['collections_total', 'Collections.'],
  objects: ['objects_total', 'Documents.'],
  dataSize: ['data_size_bytes', 'Size of the documents.'],
  indexes: ['indexes_total', 'Indexes.'],
  indexSize: ['index_size_bytes', 'Size of the indexes.'],
};

export function addDatabaseStats(out: Exposition, stats: Document): void {
  const labels: LabelValues = { db: String(stats['db']), shard: '' };
  for (const [field, [name, help]] of Object.entries(DATABASE))
    out.gauge(`mongodb_db_${name}`, help, number(stats[field]), labels);
}

const MEMBER: Readonly<Record<string, readonly [string, string, number]>> = {
  state: ['state', 'State of the member, as a number.', 1],
  health: ['health', '1 when the member can be reached.', 1],
  uptime: ['uptime', 'How long the member has run, in s.', 1],
  optimeDate: ['optime_date', 'Its last operation, as unix time.', 0.001],
  pingMs: ['ping_ms', 'Round trip to the member, in ms.', 1],
  configVersion: ['config_version', 'Version of its configuration.', 1],
  electionDate: ['election_date', 'When it was elected, as unix time.', 0.001],
  lastHeartbeat: ['last_heartbeat', 'Last answer to a heartbeat, as unix time.', 0.001],
  lastHeartbeatRecv: ['last_heartbeat_recv', 'Last heartbeat from it, as unix time.', 0.001],
};

export function addReplicaSet(out: Exposition, status: Document): void {
  const set = String(status['set']);
  const members = Array.isArray(status['members']) ? (status['members'] as Document[]) : [];
  out.gauge('mongodb_replset_my_state', 'State of this member, as a number.', number(status['myState']), {
    set,
  });
  out.gauge('mongodb_replset_term', 'Term of the election.', number(status['term']), { set });
  out.gauge(
    'mongodb_replset_heartbeat_interval_millis',
    'Time between heartbeats, in ms.',
    number(status['heartbeatIntervalMillis']),
    { set },
  );
  out.gauge('mongodb_replset_number_of_members', 'Members.', members.length, { set });
  for (const member of members) {
    const labels = { name: String(member['name']), set };
    for (const [field, [name, help, factor]] of Object.entries(MEMBER))
      out.gauge(`mongodb_replset_member_${name}`, help, number(member[field]) * factor, labels);
  }
  const primary = members.find((member) => member['state'] === 1);
  const self = members.find((member) => member['self'] === true);
  const lag = (number(primary?.['optimeDate']) - number(self?.['optimeDate'])) / 1000;
  out.gauge('mongodb_replset_my_replica_lag', 'How far this member is behind, in s.', Math.max(0, lag), {
    set,
  });
}

/** What `collStats` tells about `local.oplog.rs`. */
export function addOplog(out: Exposition, stats: Document): void {
  const help = 'Size of the operation log.';
  out.gauge('mongodb_replset_oplog_size_bytes', help, number(stats['size']), { type: 'current' });
  out.gauge('mongodb_replset_oplog_size_bytes', help, number(stats['storageSize']), { type: 'storage' });
  out.gauge('mongodb_replset_oplog_items_total', 'Entries of the operation log.', number(stats['count']));
}

function at(document: Document, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (typeof value === 'object' && value !== null ? (value as Document)[key] : undefined),
      document,
    );
}

/** Numbers, 64-bit numbers and dates; NaN, which makes no sample, for everything else. */
function number(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint' || value instanceof Date) return Number(value);
  // The driver's own classes for 64-bit integers and decimals.
  const wide = value as { toNumber?: () => number } | null | undefined;
  return typeof wide?.toNumber === 'function' ? wide.toNumber() : NaN;
}
