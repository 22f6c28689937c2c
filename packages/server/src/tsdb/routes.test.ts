import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels, Matcher } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';
import fastify, { type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { tsdbMetrics } from './metrics.ts';
import { tsdbRoutes } from './routes.ts';

const NOW = 1_700_000_000_000;

async function server(
  adminEnabled = true,
): Promise<{ app: FastifyInstance; database: Database; dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'prunella-server-tsdb-'));
  const database = await Database.open(dir);
  const app = fastify();
  tsdbRoutes(app, {
    database,
    adminEnabled,
    externalLabels: () => ({ region: 'eu', job: 'no' }),
    now: () => NOW,
  });
  onTestFinished(async () => {
    await app.close();
    await database.close();
    await rm(dir, { recursive: true });
  });
  const appender = database.appender();
  for (const [i, name] of ['b', 'a', 'a'].entries()) {
    const labels = Labels.from({ __name__: `m_${name}`, job: 'j', i: String(i) });
    appender.append(0, labels, NOW - 60_000, i + 0.5);
    if (i === 2) appender.appendStale(0, labels, NOW - 30_000);
  }
  await appender.commit();
  return { app, database, dir };
}

test('status/tsdb names what is large', async () => {
  const { app } = await server();
  const { data } = (await app.inject('/api/v1/status/tsdb?limit=1')).json();
  expect(data.headStats).toEqual({
    numSeries: 3,
    numLabelPairs: 6,
    chunkCount: 3,
    minTime: NOW - 60_000,
    maxTime: NOW - 30_000,
  });
  expect(data.seriesCountByMetricName).toEqual([{ name: 'm_a', value: 2 }]);
  expect(data.seriesCountByLabelValuePair).toEqual([{ name: 'job=j', value: 3 }]);
  expect((await app.inject('/api/v1/status/tsdb?limit=x')).statusCode).toBe(400);
});

test('federate gives the newest samples with external labels, without ended series', async () => {
  const { app } = await server();
  const answer = await app.inject('/federate?match[]=m_a&match[]={i="0"}&match[]={i="2"}');
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.body).toBe(`# TYPE m_a untyped
m_a{i="1",job="j",region="eu",instance=""} 1.5 ${NOW - 60_000}
# TYPE m_b untyped
m_b{i="0",job="j",region="eu",instance=""} 0.5 ${NOW - 60_000}
`);
  expect((await app.inject('/federate')).statusCode).toBe(400);
  expect((await app.inject('/federate?match[]={')).json()).toMatchObject({ errorType: 'bad_data' });
});

test('series are deleted, tombstones cleaned, snapshots written', async () => {
  const { app, dir } = await server();
  const post = (url: string) => app.inject({ method: 'POST', url: `/api/v1/admin/tsdb/${url}` });
  expect((await post('delete_series')).json()).toMatchObject({
    errorType: 'bad_data',
    error: 'no match[] parameter provided',
  });
  expect((await post('delete_series?match[]=m_b')).statusCode).toBe(204);
  expect((await app.inject('/federate?match[]=m_b')).body).toBe('');
  expect((await post('clean_tombstones')).statusCode).toBe(204);
  const { data } = (await post('snapshot')).json();
  expect(data.name).toMatch(/^20231114T221320Z-[0-9a-f]{16}$/);
  expect(await readdir(join(dir, 'snapshots', data.name))).toHaveLength(1);
});

test('without the admin flag nothing is changed', async () => {
  const { app } = await server(false);
  const answer = await app.inject({ method: 'POST', url: '/api/v1/admin/tsdb/delete_series?match[]=m_b' });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toEqual({ status: 'error', errorType: 'unavailable', error: 'admin APIs disabled' });
  expect((await app.inject('/federate?match[]=m_b')).body).not.toBe('');
});

test('the figures have the names that dashboards use', async () => {
  const { database } = await server();
  const registry = new Registry();
  tsdbMetrics(database, registry);
  await registry.metrics();
  const text = await registry.metrics();
  expect(text).toContain('prometheus_tsdb_head_series 3\n');
  expect(text).toContain('prometheus_tsdb_head_samples_appended_total{type="float"} 4\n');
  expect(text).toContain(`prometheus_tsdb_head_max_time ${NOW - 30_000}\n`);
  expect(text).toContain('prometheus_tsdb_compactions_failed_total 0\n');
  expect(text).toContain('# TYPE prometheus_tsdb_wal_fsync_duration_seconds summary\n');
  expect(text).toContain('prometheus_tsdb_wal_fsync_duration_seconds{quantile="0.99"} Nan\n');
  expect(text).toMatch(/^prometheus_tsdb_wal_storage_size_bytes [1-9]\d*$/m);
});

test('what blocks were like and how long things took is counted as in Prometheus', async () => {
  const { database } = await server();
  const labels = Labels.from({ __name__: 'm_b', job: 'j', i: '0' });
  for (let minutes = 0; minutes <= 240; minutes++) {
    const appender = database.appender();
    appender.append(0, labels, NOW + minutes * 60_000, minutes);
    await appender.commit();
  }
  await database.maintain();
  await database.delete([new Matcher('=', '__name__', 'm_a')], 0, NOW);
  await database.cleanTombstones();
  const registry = new Registry();
  tsdbMetrics(database, registry);
  const text = await registry.metrics();
  const value = (line: string): number =>
    Number(
      text
        .split('\n')
        .find((it) => it.startsWith(`${line} `))
        ?.split(' ')[1],
    );
  const written = database.blocks().reduce((sum, { stats }) => sum + stats.numSamples, 0);
  // Those of the deleted series have been there, too.
  expect(value('prometheus_tsdb_compaction_chunk_samples_sum')).toBe(written + 3);
  expect(value('prometheus_tsdb_compaction_chunk_size_bytes_count')).toBeGreaterThan(2);
  expect(value('prometheus_tsdb_compaction_duration_seconds_bucket{le="+Inf"}')).toBe(
    value('prometheus_tsdb_compactions_total'),
  );
  expect(value('prometheus_tsdb_head_gc_duration_seconds_count')).toBe(
    value('prometheus_tsdb_head_truncations_total'),
  );
  expect(value('prometheus_tsdb_tombstone_cleanup_seconds_count')).toBe(1);
  expect(value('prometheus_tsdb_wal_fsync_duration_seconds_count')).toBeGreaterThan(0);
});
