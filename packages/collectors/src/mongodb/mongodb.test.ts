import { readExposition } from '@prunella/metrics';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeMongod } from '../../testdata/mongod.ts';
import { MongodbCollector } from './mongodb.ts';

const status = {
  ok: 1,
  uptime: 61,
  localTime: new Date(1_700_000_000_500),
  connections: { current: 3, available: 97, totalCreated: 12n },
  asserts: { regular: 0, warning: 1, msg: 2, user: 3, rollovers: 4 },
  mem: { resident: 80, virtual: 900 },
  opcounters: { insert: 5, query: 6, update: 7, delete: 8, getmore: 9, command: 10 },
  network: { bytesIn: 100, bytesOut: 200, numRequests: 30 },
  metrics: {
    document: { inserted: 1, deleted: 2, updated: 3, returned: 4 },
    queryExecutor: { scanned: 5, scannedObjects: 6 },
  },
  wiredTiger: { cache: { 'maximum bytes configured': 1e9, 'bytes currently in the cache': 1e6 } },
  storageEngine: { name: 'wiredTiger' },
  repl: { setName: 'rs' },
};
const members = [
  { name: 'a:27017', state: 1, health: 1, uptime: 61, optimeDate: new Date(10_000) },
  { name: 'b:27017', state: 2, health: 1, uptime: 50, optimeDate: new Date(7000), self: true, pingMs: 2 },
];

function answers(): Record<string, (command: Record<string, unknown>) => Record<string, unknown>> {
  return {
    serverStatus: () => status,
    listDatabases: () => ({ ok: 1, databases: [{ name: 'shop' }] }),
    dbStats: (command) => ({
      ok: 1,
      db: command['$db'],
      collections: 2,
      objects: 40,
      dataSize: 5000,
      indexes: 3,
      indexSize: 900,
    }),
    replSetGetStatus: () => ({ ok: 1, set: 'rs', myState: 2, term: 4, members }),
    collStats: () => ({ ok: 0, code: 13, errmsg: 'not authorized', codeName: 'Unauthorized' }),
  };
}

async function samples(collector: MongodbCollector): Promise<Record<string, number>> {
  return Object.fromEntries(
    readExposition(await collector.collect()).samples.map(({ labels, value }) => [labels.toString(), value]),
  );
}

describe('the mongodb collector', () => {
  let server: FakeMongod;
  let port: number;
  let collector: MongodbCollector;
  beforeAll(async () => {
    server = new FakeMongod(answers());
    port = await server.listen();
    collector = new MongodbCollector({ name: 'a', dsn: () => `mongodb://127.0.0.1:${port}` });
  });
  afterAll(async () => {
    await collector.close();
    await server.close();
  });

  test('tells what the server tells, and what it refuses costs only itself', async () => {
    const all = await samples(collector);
    expect(all).toMatchObject({
      mongodb_up: 1,
      mongodb_instance_uptime_seconds: 61,
      mongodb_instance_local_time: 1_700_000_000.5,
      'mongodb_connections{state="available"}': 97,
      mongodb_connections_metrics_created_total: 12,
      'mongodb_op_counters_total{type="getmore"}': 9,
      'mongodb_metrics_document_total{state="returned"}': 4,
      'mongodb_metrics_query_executor_total{state="scanned_objects"}': 6,
      'mongodb_network_bytes_total{state="in_bytes"}': 100,
      'mongodb_memory{type="resident"}': 80,
      'mongodb_storage_engine{engine="wiredTiger"}': 1,
      'mongodb_db_objects_total{db="shop"}': 40,
      'mongodb_replset_member_state{name="b:27017", set="rs"}': 2,
      'mongodb_replset_my_replica_lag{set="rs"}': 3,
      mongodb_exporter_last_scrape_error: 1,
    });
    expect(all).not.toHaveProperty('mongodb_replset_oplog_items_total');
    expect(Object.values(all).every((value) => !Number.isNaN(value))).toBe(true);
  });

  test('notices within two scrapes that the server is gone, and that it is back', async () => {
    await server.close();
    const started = performance.now();
    const gone = await samples(collector);
    expect(gone).toEqual({ mongodb_up: 0 });
    expect(performance.now() - started).toBeLessThan(4500);
    server = new FakeMongod(answers());
    await server.listen(port);
    expect((await samples(collector))['mongodb_up']).toBe(1);
  });

  test('keeps the password to itself', async () => {
    const away = new MongodbCollector({
      name: 'a',
      dsn: () => 'mongodb://u:hush@127.0.0.1:1/?serverSelectionTimeoutMS=300',
    });
    expect(await away.collect()).not.toContain('hush');
    await away.close();
  });
});
