import { Labels, silentLogger, type Queryable } from '@prunella/metrics';
import { compress, encodeWriteRequest, encodeWriteRequest2, type RemoteSeries } from '@prunella/remote';
import fastify, { type FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, test } from 'vitest';
import { TestStorage } from '../../../scrape/testdata/storage.ts';
import { remoteRoutes } from './routes.ts';

const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
const nothing = {} as Queryable;
const up = (time: number, value = 1): RemoteSeries => ({
  labels: Labels.from({ __name__: 'up', job: 'a' }),
  samples: [{ time, value }],
  exemplars: [],
});
const first = (...series: RemoteSeries[]): Buffer =>
  Buffer.from(compress(encodeWriteRequest({ series, metadata: [] })));
const second = (...series: RemoteSeries[]): Buffer => Buffer.from(compress(encodeWriteRequest2(series)));

describe('POST /api/v1/write', () => {
  let app: FastifyInstance;
  let storage: TestStorage;
  beforeEach(() => {
    storage = new TestStorage();
    app = fastify();
    remoteRoutes(app, { receiver: storage, storage: nothing, logger: silentLogger });
  });

  const post = (payload: Buffer | undefined, headers: Record<string, string>): ReturnType<typeof send> =>
    send(app, payload, headers);

  test.each([
    ['version 1', 'application/x-protobuf', first],
    ['version 1 by name', 'application/x-protobuf;proto=prometheus.WriteRequest', first],
    ['version 1 without a type', '', first],
    ['version 2', V2, second],
    [
      'version 2, written otherwise',
      'application/x-protobuf; proto="io.prometheus.write.v2.Request"',
      second,
    ],
  ])('%s is stored', async (_, type, body) => {
    const { status } = await post(body(up(1000, 5)), {
      ...(type !== '' && { 'content-type': type }),
      'content-encoding': 'snappy',
    });
    expect(status).toBe(204);
    expect(storage.values('up{job="a"}')).toEqual([5]);
  });

  test.each([
    ['application/json', 'snappy', 'expected application/x-protobuf, got application/json'],
    ['text/plain', 'snappy', 'expected application/x-protobuf, got text/plain'],
    ['application/x-protobuf;proto=some.Other', 'snappy', 'some.Other is not accepted'],
    ['application/x-protobuf', 'gzip', 'gzip encoding (compression) is not accepted; only snappy is'],
  ])('%s, %s: 415', async (type, encoding, message) => {
    const { status, text } = await post(first(up(1)), { 'content-type': type, 'content-encoding': encoding });
    expect([status, text]).toEqual([415, expect.stringContaining(message)]);
    expect(storage.commits).toBe(0);
  });

  test('says how much of version 2 was stored', async () => {
    const headers = { 'content-type': V2, 'content-encoding': 'snappy' };
    expect((await post(second(up(2000)), headers)).written).toEqual(['1', '0', '0']);
    const other = { ...up(2000), labels: Labels.from({ __name__: 'x' }) };
    const partial = await post(second(up(1000), other), headers);
    expect(partial.status).toBe(400);
    expect(partial.text).toBe('1 samples were refused: out of order sample for series up{job="a"}\n');
    expect(partial.written).toEqual(['1', '0', '0']);
    storage.failCommits = true;
    const failed = await post(second(up(3000)), headers);
    expect([failed.status, failed.written]).toEqual([500, ['0', '0', '0']]);
  });

  test.each([
    ['nothing', undefined, ''],
    ['nonsense', Buffer.from('nonsense'), 'snappy'],
    ['a lie about its length', Buffer.from([0xff, 0xff, 0xff, 0x7f, 0]), 'snappy'],
    ['what is no message', Buffer.from(compress(Buffer.from([0x0a, 0x05, 0x01]))), 'protobuf'],
  ])('%s: 400', async (_, payload, message) => {
    const { status, text } = await post(payload, {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
    });
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
  });

  test('is not there unless it is enabled', async () => {
    const closed = fastify();
    remoteRoutes(closed, { receiver: undefined, storage: nothing, logger: silentLogger });
    expect((await send(closed, first(up(1)), { 'content-type': 'application/x-protobuf' })).status).toBe(404);
  });
});

async function send(
  app: FastifyInstance,
  payload: Buffer | undefined,
  headers: Record<string, string>,
): Promise<{ status: number; text: string; written: unknown[] }> {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/write',
    headers,
    ...(payload && { payload }),
  });
  const written = ['samples', 'histograms', 'exemplars'].map(
    (kind) => answer.headers[`x-prometheus-remote-write-${kind}-written`],
  );
  return { status: answer.statusCode, text: answer.body, written };
}
