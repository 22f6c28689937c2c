/** What the storage says of itself, beside what the real Prometheus says of itself. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@prunella/metrics';
import { Database } from '@prunella/tsdb';
import fastify, { type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusApiRoutes } from '../../packages/server/src/status/routes.ts';
import { tsdbMetrics } from '../../packages/server/src/tsdb/metrics.ts';
import { tsdbRoutes } from '../../packages/server/src/tsdb/routes.ts';
import { Prometheus, absent, prometheusVersion } from './prometheus.ts';

/** What the one has and the other has not, and why. */
const NOT_OURS: Record<string, string> = {
  prometheus_tsdb_isolation_high_watermark: 'a batch becomes visible in one step: there are no append ids',
  prometheus_tsdb_isolation_low_watermark: 'as above',
  prometheus_tsdb_snapshot_replay_error_total: 'the head is not written as a snapshot',
  prometheus_tsdb_compactions_skipped_total: 'compaction cannot be turned off',
  prometheus_tsdb_chunk_write_queue_operations_total: 'chunks_head is written without a queue',
};

function typesIn(metrics: string): Map<string, string> {
  const lines = metrics.matchAll(/^# TYPE (prometheus_tsdb_\w+) (\w+)$/gm);
  return new Map(Array.from(lines, ([, name, type]) => [name!, type!]));
}

const bucketsIn = (metrics: string): string[] =>
  Array.from(metrics.matchAll(/^(prometheus_tsdb_\w+_bucket\{le="[^"]+"\})/gm), ([, line]) => line!);

describe.skipIf(absent)(
  `figures and status, with Prometheus ${prometheusVersion} (skipped where it is absent)`,
  () => {
    let root: string;
    let peer: Prometheus;
    let database: Database;
    let app: FastifyInstance;
    let registry: Registry;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'prunella-status-'));
      await writeFile(join(root, 'empty.yml'), '');
      const flags = ['--web.enable-remote-write-receiver'];
      peer = await Prometheus.start(join(root, 'theirs'), join(root, 'empty.yml'), flags);
      database = await Database.open(join(root, 'ours'));
      const time = Date.now();
      const appender = database.appender();
      for (let i = 0; i < 10; i++) {
        const labels = Labels.from({ __name__: 'm', i: String(i), job: 'ä' });
        appender.append(0, labels, time, i);
        await peer.write([{ labels, samples: [{ time, value: i }], exemplars: [] }]);
      }
      await appender.commit();
      registry = new Registry();
      tsdbMetrics(database, registry);
      app = fastify();
      const now = Date.now;
      tsdbRoutes(app, { database, adminEnabled: false, externalLabels: () => ({}), now });
      statusApiRoutes(app, {
        version: '1',
        startedAt: time,
        flags: {},
        config: () => '',
        lastReload: () => ({ ok: true, time }),
        retentionMs: 1,
        storage: () => ({ series: 1, corruptions: 0 }),
        now,
      });
    });

    afterAll(async () => {
      await peer.stop();
      await app.close();
      await database.close();
      await rm(root, { recursive: true, force: true });
    });

    test('every prometheus_tsdb_* is here, of the same type and with the same buckets', async () => {
      const page = await peer.page('/metrics');
      const theirs = [...typesIn(page)].filter(([name]) => !(name in NOT_OURS));
      const text = await registry.metrics();
      const ours = typesIn(text);
      expect(theirs.length).toBeGreaterThan(55);
      expect(theirs.map(([name]) => [name, ours.get(name)])).toEqual(theirs);
      expect(bucketsIn(text).map(asNumber)).toEqual(expect.arrayContaining(bucketsIn(page).map(asNumber)));
    });

    test.each(['tsdb', 'walreplay', 'runtimeinfo', 'buildinfo', 'flags', 'config'])(
      'status/%s has the same shape',
      async (what) => {
        const theirs = await peer.api<object>(`status/${what}`);
        const { data } = (await app.inject(`/api/v1/status/${what}`)).json<{ data: object }>();
        if (what === 'flags') expect(theirs).toBeTypeOf('object');
        else expect(Object.keys(data)).toEqual(expect.arrayContaining(Object.keys(theirs)));
      },
    );

    test('status/tsdb counts the same', async () => {
      const theirs = await peer.api<Record<string, unknown>>('status/tsdb');
      const { data } = (await app.inject('/api/v1/status/tsdb')).json<{ data: Record<string, unknown> }>();
      const byName = (list: unknown): unknown[] =>
        [...(list as { name: string; value: number }[])].sort((a, b) => (a.name < b.name ? -1 : 1));
      // Since 3.0 the bytes are those of the label in every series, in its encoding there.
      const bytes = prometheusVersion!.startsWith('2.') ? ['memoryInBytesByLabelName'] : [];
      for (const what of ['seriesCountByMetricName', 'labelValueCountByLabelName', ...bytes])
        expect([what, byName(data[what])]).toEqual([what, byName(theirs[what])]);
      expect(data['headStats']).toMatchObject({ numSeries: 10 });
      expect(theirs['headStats']).toMatchObject({ numSeries: 10 });
      expect(Object.keys(data['headStats'] as object)).toEqual(Object.keys(theirs['headStats'] as object));
    });
  },
);

/** Go prints bounds from 1e+06 on with an exponent. */
function asNumber(line: string): string {
  return line.replace(
    /le="([^"]+)"/,
    (_, bound: string) => `le="${bound === '+Inf' ? bound : Number(bound)}"`,
  );
}
