import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isStaleAt,
  Labels,
  Matcher,
  ProtobufWriter,
  silentLogger,
  systemClock,
  wordsOf,
  type FloatHistogram,
  type Histogram,
} from '@prunella/metrics';
import {
  compress,
  encodeWriteRequest,
  encodeWriteRequest2,
  RemoteWrite,
  type RemoteSeries,
} from '@prunella/remote';
import { parsePrometheusConfig } from '@prunella/scrape';
import { Database } from '@prunella/tsdb';
import fastify, { type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { remoteRoutes } from '../../packages/server/src/remote/routes.ts';
import { freePort, Prometheus, prometheusVersion } from './prometheus.ts';

const tooOld = Number(prometheusVersion?.split('.')[0] ?? 0) < 3;
const V1 = 'application/x-protobuf';
const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';

const integer: Histogram = {
  kind: 'integer',
  counterResetHint: 'unknown',
  schema: 2,
  count: 12,
  sum: 18.4,
  zeroThreshold: 1e-128,
  zeroCount: 2,
  positiveSpans: [
    { offset: 0, length: 2 },
    { offset: 3, length: 1 },
  ],
  negativeSpans: [{ offset: -2, length: 1 }],
  positiveDeltas: [3, 1, -2],
  negativeDeltas: [1],
  customValues: [],
};
const float: FloatHistogram = {
  kind: 'float',
  counterResetHint: 'gauge',
  schema: -53,
  count: 5.5,
  sum: 2.25,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [],
  positiveBuckets: [1.5, 2, 2],
  negativeBuckets: [],
  customValues: [0.5, 1],
};

describe.skipIf(tooOld)(
  'remote write 2.0 with Prometheus (needs prometheus 3 on the PATH or as PROMETHEUS)',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'prunella-peer-write2-'));
    const app: FastifyInstance = fastify();
    const types: string[] = [];
    let ours: Database;
    let peer: Prometheus;
    let ownUrl = '';
    let peerUrl = '';

    beforeAll(async () => {
      ours = await Database.open(join(folder, 'ours'), { clock: systemClock, logger: silentLogger });
      app.addHook('onRequest', async (request) => void types.push(String(request.headers['content-type'])));
      remoteRoutes(app, { receiver: ours, storage: ours, logger: silentLogger });
      ownUrl = await app.listen({ host: '127.0.0.1', port: 0 });
      const port = await freePort();
      peerUrl = `http://127.0.0.1:${port}`;
      writeFileSync(
        join(folder, 'prometheus.yml'),
        `global: {external_labels: {from: peer}}
remote_write:
- url: '${ownUrl}/api/v1/write'
  protobuf_message: io.prometheus.write.v2.Request
  send_exemplars: true
  send_native_histograms: true
  queue_config: {batch_send_deadline: 100ms}
`,
      );
      peer = await Prometheus.start(join(folder, 'theirs'), join(folder, 'prometheus.yml'), [
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
      ]);
    });

    afterAll(async () => {
      await peer?.stop();
      await app.close();
      await ours?.close();
      rmSync(folder, { recursive: true });
    });

    test('floats, stale markers, histograms and exemplars go to Prometheus and come back as they were', async () => {
      const start = Date.now();
      const sent = await sendAll(folder, peerUrl, start);
      expect(sent).toMatch(/samples_total\{[^}]*\} 4\n/);
      expect(sent).toMatch(/histograms_total\{[^}]*\} 2\n/);
      expect(sent).toMatch(/exemplars_total\{[^}]*\} 1\n/);
      expect(sent).not.toMatch(/samples_failed_total\{[^}]*\} [1-9]/);

      await until(
        async () =>
          (await stored(ours, 'hits_total')).length === 4 && (await stored(ours, 'seconds')).length === 2,
      );
      await until(async () => (await exemplarsOf(ours, start)).length === 1);
      expect(await stored(ours, 'hits_total')).toEqual([
        `hits_total{from="peer", path="ü"}@${start} 1.5`,
        `hits_total{from="peer", path="ü"}@${start + 1} 2.5`,
        `hits_total{from="peer", path="ü"}@${start + 2} 3.5`,
        `hits_total{from="peer", path="ü"}@${start + 3} stale`,
      ]);
      const histograms = await stored(ours, 'seconds');
      expect(histograms[0]).toBe(`seconds{from="peer", kind="float"}@${start} ${shown(float)}`);
      expect(histograms[1]).toBe(`seconds{from="peer", kind="integer"}@${start} ${shown(integer)}`);
      expect(await exemplarsOf(ours, start)).toEqual([
        { labels: { trace: 'x' }, value: 0.25, timestamp: start + 1 },
      ]);
      expect(new Set(types)).toEqual(new Set([V2]));
      const metrics = await peer.page('/metrics');
      for (const kind of ['samples', 'histograms', 'exemplars'])
        expect(metrics).toMatch(new RegExp(`prometheus_remote_storage_${kind}_failed_total\\{[^}]*\\} 0`));
    });

    test.each(badRequests())('%s: both answer %j', async (_, answer, type, encoding, body) => {
      const now = Date.now();
      const answers = [];
      for (const url of [peerUrl, ownUrl]) {
        const response = await fetch(`${url}/api/v1/write`, {
          method: 'POST',
          headers: { 'content-type': type, 'content-encoding': encoding },
          body: new Uint8Array(body(now)),
        });
        const written = response.headers.get('x-prometheus-remote-write-samples-written');
        answers.push([response.status, written]);
        await response.text();
      }
      expect(answers).toEqual([answer, answer]);
    });
  },
);

type Case = [
  name: string,
  answer: [status: number, samplesWritten: string | null],
  type: string,
  encoding: string,
  body: (now: number) => Uint8Array,
];

function badRequests(): Case[] {
  const good = (now: number, name: string): RemoteSeries => ({
    labels: Labels.from({ __name__: name }),
    samples: [{ time: now, value: 1 }],
    exemplars: [],
  });
  // What came before has stored a newer sample.
  const late = (now: number, name: string): RemoteSeries => good(now - 60_000, name);
  const first = (...series: RemoteSeries[]): Uint8Array =>
    compress(encodeWriteRequest({ series, metadata: [] }));
  const second = (...series: RemoteSeries[]): Uint8Array => compress(encodeWriteRequest2(series));
  return [
    ['a good request of version 1', [204, null], V1, 'snappy', (now) => first(good(now, 'v1'))],
    ['a good request of version 2', [204, '1'], V2, 'snappy', (now) => second(good(now, 'v2'))],
    ['an empty request', [204, null], V1, 'snappy', () => first()],
    ['an unknown message', [415, null], `${V1};proto=some.Other`, 'snappy', (now) => first(good(now, 'v1'))],
    ['JSON', [415, null], 'application/json', 'snappy', () => Buffer.from('{}')],
    ['gzip', [415, null], V1, 'gzip', (now) => first(good(now, 'v1'))],
    ['what is not compressed', [400, null], V1, 'snappy', () => Buffer.from('nonsense')],
    ['what is no message', [400, null], V1, 'snappy', () => compress(Buffer.from([0x0a, 0x05, 0x01]))],
    ['samples out of order, version 1', [400, null], V1, 'snappy', (now) => first(late(now, 'v1'))],
    [
      'samples out of order, version 2: the rest is stored',
      [400, '1'],
      V2,
      'snappy',
      (now) => second(late(now, 'v2'), good(now, 'beside')),
    ],
    [
      'labels without a name, version 2: the rest is stored',
      [400, '1'],
      V2,
      'snappy',
      (now) => second({ ...good(now, ''), labels: Labels.from({ a: 'b' }) }, good(now, 'beside_nameless')),
    ],
    ['a name given twice, version 2', [400, '0'], V2, 'snappy', (now) => compress(twice(now))],
  ];
}

function twice(now: number): Uint8Array {
  const writer = new ProtobufWriter();
  writer.message(4, () => {});
  for (const text of ['__name__', 'up', 'a', 'b']) writer.string(4, text);
  writer.message(5, () => {
    writer.message(1, () => [1, 2, 3, 4, 3, 4].forEach((ref) => writer.varint(ref)));
    writer.message(2, () => writer.int64(2, now));
  });
  return writer.finish();
}

/** Sends one of everything by version 2. @returns what the sender says of it */
async function sendAll(folder: string, url: string, start: number): Promise<string> {
  const registry = new Registry();
  const remote = new RemoteWrite({ logger: silentLogger, registry });
  const config = parsePrometheusConfig(
    `remote_write: [{url: '${url}/api/v1/write', protobuf_message: io.prometheus.write.v2.Request, send_exemplars: true, send_native_histograms: true, queue_config: {batch_send_deadline: 50ms}}]`,
    'p.yml',
  );
  await remote.apply(config.remote_write);
  remote.start();
  const source = await Database.open(join(folder, 'source'), { clock: systemClock, logger: silentLogger });
  const appender = remote.wrap(source).appender();
  const hits = Labels.from({ __name__: 'hits_total', path: 'ü' });
  for (let i = 0; i < 3; i++) appender.append(0, hits, start + i, i + 1.5);
  const trace = { labels: Labels.from({ trace: 'x' }), value: 0.25, timestamp: start + 1 };
  appender.appendExemplar(appender.appendStale(0, hits, start + 3), hits, trace);
  for (const [kind, histogram] of Object.entries({ integer, float }))
    appender.appendHistogram(0, Labels.from({ __name__: 'seconds', kind }), start, histogram);
  await appender.commit();
  await remote.stop();
  await source.close();
  return registry.metrics();
}

/** `series@time value` of a metric. */
async function stored(database: Database, name: string): Promise<string[]> {
  const querier = database.querier(0, Number.MAX_SAFE_INTEGER);
  const found: string[] = [];
  for await (const batch of querier.select([new Matcher('=', '__name__', name)]))
    for (const { labels, samples } of batch)
      for (const [i, time] of samples.timestamps.entries()) {
        const histogram = samples.histograms?.[i];
        const value = isStaleAt(wordsOf(samples.values), i) ? 'stale' : samples.values[i];
        found.push(`${labels.toString()}@${time} ${histogram ? shown(histogram) : value}`);
      }
  querier.close();
  return found;
}

/** Whether the counter was reset is for each storage to find out. */
function shown(histogram: Histogram | FloatHistogram): string {
  return JSON.stringify({ ...histogram, counterResetHint: undefined }, (_, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1)))
      : value,
  );
}

async function exemplarsOf(database: Database, start: number): Promise<unknown[]> {
  const found = await database.exemplars(start - 1000, start + 1000, [
    [new Matcher('=', '__name__', 'hits_total')],
  ]);
  return found.flatMap(({ exemplars }) =>
    exemplars.map(({ labels, value, timestamp }) => ({ labels: labels.toObject(), value, timestamp })),
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
