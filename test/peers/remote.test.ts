import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels, Matcher, silentLogger, systemClock } from '@prunella/metrics';
import { RemoteReader, RemoteWrite } from '@prunella/remote';
import { parsePrometheusConfig } from '@prunella/scrape';
import { Database } from '@prunella/tsdb';
import fastify, { type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { remoteRoutes } from '../../packages/server/src/remote/routes.ts';

const hasPrometheus = spawnSync('prometheus', ['--version']).status === 0;

describe.skipIf(!hasPrometheus)(
  'remote write and read beside Prometheus (needs prometheus on the PATH)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'prunella-peer-remote-'));
    const app: FastifyInstance = fastify();
    let database: Database;
    let peer: ChildProcess;
    let peerUrl = '';
    let ownUrl = '';

    beforeAll(async () => {
      database = await Database.open(join(folder, 'ours'), { clock: systemClock, logger: silentLogger });
      remoteRoutes(app, { receiver: database, storage: database, logger: silentLogger });
      ownUrl = await app.listen({ host: '127.0.0.1', port: 0 });
      const port = await freePort();
      peerUrl = `http://127.0.0.1:${port}`;
      writeFileSync(
        join(folder, 'prometheus.yml'),
        `global: {scrape_interval: 1s, external_labels: {from: peer}}
scrape_configs: [{job_name: self, static_configs: [{targets: ['127.0.0.1:${port}']}]}, {job_name: down, static_configs: [{targets: ['127.0.0.1:1']}]}]
remote_write: [{url: '${ownUrl}/api/v1/write', queue_config: {batch_send_deadline: 200ms}}]
remote_read: [{url: '${ownUrl}/api/v1/read', read_recent: true, required_matchers: {only: prunella}}]
`,
      );
      const flags = [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/theirs`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
      ];
      peer = spawn('prometheus', flags, { stdio: 'ignore' });
      await until(async () => (await fetch(`${peerUrl}/-/ready`)).ok);
    });

    afterAll(async () => {
      const exited = new Promise((resolve) => peer.once('exit', resolve));
      peer.kill('SIGTERM');
      await exited;
      await app.close();
      await database.close();
      rmSync(folder, { recursive: true });
    });

    async function ask(expr: string, time?: number): Promise<Record<string, string>> {
      const at = time === undefined ? '' : `&time=${time / 1000}`;
      const answer = (await (
        await fetch(`${peerUrl}/api/v1/query?query=${encodeURIComponent(expr)}${at}`)
      ).json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
      return Object.fromEntries(
        answer.data.result.map(({ metric, value }) => [Labels.from(metric).toString(), value[1]]),
      );
    }

    async function stored(...matchers: Matcher[]): Promise<Map<string, number[]>> {
      const querier = database.querier(0, Number.MAX_SAFE_INTEGER);
      const found = new Map<string, number[]>();
      for await (const batch of querier.select(matchers))
        for (const { labels, samples } of batch) found.set(labels.toString(), [...samples.values]);
      querier.close();
      return found;
    }

    test('we take what Prometheus sends', async () => {
      await until(
        async () =>
          ((await stored(new Matcher('=', '__name__', 'up'))).get(
            'up{from="peer", instance="127.0.0.1:1", job="down"}',
          )?.length ?? 0) >= 2,
      );
      const up = await stored(new Matcher('=', '__name__', 'up'));
      expect(new Set(up.get(`up{from="peer", instance="${new URL(peerUrl).host}", job="self"}`))).toEqual(
        new Set([1]),
      );
      expect(new Set(up.get('up{from="peer", instance="127.0.0.1:1", job="down"}'))).toEqual(new Set([0]));
      const all = await stored(new Matcher('=', 'job', 'self'));
      expect(all.size).toBeGreaterThan(300);
      const failed = await ask('sum(prometheus_remote_storage_samples_failed_total)');
      expect(Object.values(failed)).toEqual(['0']);
    });

    test('Prometheus takes what we send, stale markers too', async () => {
      const remote = new RemoteWrite({ logger: silentLogger, registry: new Registry() });
      const config = parsePrometheusConfig(
        `remote_write: [{url: '${peerUrl}/api/v1/write', queue_config: {batch_send_deadline: 50ms}}]`,
        'p.yml',
      );
      await remote.apply(config.remote_write, Labels.from({ site: 'here' }));
      remote.start();
      const now = Date.now();
      const storage = remote.wrap(database);
      const [alive, ended] = [
        Labels.from({ __name__: 'sent', kind: 'alive ü"\\' }),
        Labels.from({ __name__: 'sent', kind: 'ended' }),
      ];
      for (let i = 0; i < 3; i++) {
        const appender = storage.appender();
        appender.append(0, alive, now - 3000 + i * 1000, i + 0.5);
        if (i < 2) appender.append(0, ended, now - 3000 + i * 1000, i);
        else appender.appendStale(0, ended, now - 3000 + i * 1000);
        await appender.commit();
      }
      await until(
        async () =>
          Object.keys(await ask('count_over_time(sent{kind=~"alive.*"}[1m]) == 3', now)).length === 1,
      );
      await remote.stop();
      expect(await ask('sent', now)).toEqual({ 'sent{kind="alive ü\\"\\\\", site="here"}': '2.5' });
      expect(await ask('count_over_time(sent{kind="ended"}[1m])', now)).toEqual({
        '{kind="ended", site="here"}': '2',
      });
    });

    test('Prometheus reads what we have', async () => {
      const now = Date.now();
      const appender = database.appender();
      for (const host of ['a', 'b'])
        appender.append(
          0,
          Labels.from({ __name__: 'read_me', only: 'prunella', from: 'peer', host }),
          now - 1000,
          host === 'a' ? 1.25 : 2,
        );
      await appender.commit();
      expect(await ask('read_me{only="prunella"}', now)).toEqual({
        'read_me{host="a", only="prunella"}': '1.25',
        'read_me{host="b", only="prunella"}': '2',
      });
      expect(await ask('sum(read_me{only="prunella", host=~"a|c"})', now)).toEqual({ '{}': '1.25' });
    });

    test('we read what Prometheus has', async () => {
      const config = parsePrometheusConfig(`remote_read: [{url: '${peerUrl}/api/v1/read'}]`, 'p.yml');
      const reader = new RemoteReader(config.remote_read[0] as never, { clock: systemClock, directory: '.' });
      const querier = reader.querier(Date.now() - 60_000, Date.now());
      const found: string[] = [];
      for await (const batch of querier.select([new Matcher('=', '__name__', 'up')]))
        for (const { labels, samples } of batch) found.push(`${labels.toString()} ${samples.values[0]}`);
      expect(querier.warnings).toEqual([]);
      expect(found).toEqual([
        'up{from="peer", instance="127.0.0.1:1", job="down"} 0',
        `up{from="peer", instance="${new URL(peerUrl).host}", job="self"} 1`,
      ]);
      expect(await querier.labelValues('job', [new Matcher('=', '__name__', 'up')])).toEqual([
        'down',
        'self',
      ]);
      reader.close();
    });

    test('bad requests are answered with 4xx', async () => {
      const post = (path: string, body: Buffer, type = 'application/x-protobuf'): Promise<number> =>
        fetch(ownUrl + path, {
          method: 'POST',
          headers: { 'Content-Type': type, 'Content-Encoding': 'snappy' },
          body: new Uint8Array(body),
        }).then(({ status }) => status);
      expect(await post('/api/v1/write', Buffer.from('nonsense'))).toBe(400);
      expect(await post('/api/v1/read', Buffer.from('nonsense'))).toBe(400);
      expect(
        await post(
          '/api/v1/write',
          Buffer.from('x'),
          'application/x-protobuf;proto=io.prometheus.write.v3.Request',
        ),
      ).toBe(415);
    });
  },
);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
