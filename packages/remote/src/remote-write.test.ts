import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Labels, silentLogger } from '@prunella/metrics';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { TestStorage } from '../../scrape/testdata/storage.ts';
import { parsePrometheusConfig } from '../../scrape/src/index.ts';
import { decodeWriteRequest } from './messages.ts';
import { SampleQueue, timeOf } from './queue.ts';
import { RemoteWrite } from './remote-write.ts';
import { uncompress } from './snappy.ts';

const servers: Server[] = [];
const remotes: RemoteWrite[] = [];
afterEach(async () => {
  await Promise.all(remotes.splice(0).map((remote) => remote.stop()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Peer {
  url: string;
  /** `name{labels}@time=value`, in the order of arrival. */
  received: string[];
  exemplars: string[];
  requests: Record<string, unknown>[];
}

/** A remote storage that answers as it is told. */
async function peer(
  answer: (response: ServerResponse, attempt: number) => boolean = () => true,
): Promise<Peer> {
  const received: string[] = [];
  const exemplars: string[] = [];
  const requests: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push(request.headers);
      if (answer(response, requests.length)) {
        const { series } = decodeWriteRequest(uncompress(Buffer.concat(chunks), 1e8));
        for (const each of series) {
          const name = each.labels.toString();
          for (const { time, value, stale } of each.samples)
            received.push(`${name}@${time}=${stale ? 'stale' : value}`);
          for (const { labels, value, timestamp } of each.exemplars)
            exemplars.push(`${name} ${labels.toString()}@${timestamp}=${value}`);
        }
      }
      response.end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/write`,
    received,
    exemplars,
    requests,
  };
}

async function remote(
  yaml: string,
  external: Record<string, string> = {},
): Promise<{ remote: RemoteWrite; registry: Registry }> {
  const registry = new Registry();
  const made = new RemoteWrite({ logger: silentLogger, registry });
  remotes.push(made);
  await made.apply(parsePrometheusConfig(yaml, 'p.yml').remote_write, Labels.from(external));
  made.start();
  return { remote: made, registry };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('not in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const up = Labels.from({ __name__: 'up', job: 'a' });
const FAST = 'queue_config: {batch_send_deadline: 20ms, min_backoff: 10ms, max_backoff: 20ms}';

describe('RemoteWrite', () => {
  test('sends what was committed, in order, with external labels, and nothing else', async () => {
    const { url, received, requests } = await peer();
    const { remote: write } = await remote(
      `remote_write: [{url: '${url}', headers: {X-Tenant: t}, ${FAST}}]`,
      { site: 'home', job: 'no' },
    );
    const storage = new TestStorage();
    const wrapped = write.wrap(storage);
    const rolledBack = wrapped.appender();
    rolledBack.append(0, up, 1, 0);
    rolledBack.rollback();
    for (let i = 1; i <= 3; i++) {
      const appender = wrapped.appender();
      appender.append(0, up, i * 1000, i);
      if (i === 3) appender.appendStale(0, up, 4000);
      await appender.commit();
    }
    await until(() => received.length === 4);
    const name = 'up{job="a", site="home"}';
    expect(received).toEqual([`${name}@1000=1`, `${name}@2000=2`, `${name}@3000=3`, `${name}@4000=stale`]);
    expect(requests[0]).toMatchObject({
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf',
      'x-prometheus-remote-write-version': '0.1.0',
      'x-tenant': 't',
    });
    expect(storage.values('up{job="a"}')).toEqual([1, 2, 3, 'stale']);
  });

  test('sends exemplars where it is told to', async () => {
    const { url, exemplars } = await peer();
    const { url: other, exemplars: none, received } = await peer();
    const { remote: write } = await remote(
      `remote_write: [{url: '${url}', send_exemplars: true, ${FAST}}, {url: '${other}', ${FAST}}]`,
    );
    const appender = write.wrap(new TestStorage()).appender();
    const ref = appender.append(0, up, 1000, 1);
    appender.appendExemplar(ref, up, { labels: Labels.from({ trace: 'x' }), value: 0.5, timestamp: 900 });
    await appender.commit();
    await until(() => exemplars.length === 1 && received.length === 1);
    expect(exemplars).toEqual(['up{job="a"} {trace="x"}@900=0.5']);
    expect(none).toEqual([]);
  });

  test('speaks version 2.0, and notices who does not understand it', async () => {
    const { url, requests } = await peer((response, attempt) => {
      if (attempt === 2) response.setHeader('X-Prometheus-Remote-Write-Samples-Written', '1');
      return false;
    });
    const { remote: write, registry } = await remote(
      `remote_write: [{url: '${url}', name: x, protobuf_message: io.prometheus.write.v2.Request, ${FAST}}]`,
    );
    const storage = write.wrap(new TestStorage());
    for (const time of [1000, 2000]) {
      const appender = storage.appender();
      appender.append(0, up, time, 1);
      await appender.commit();
      await until(() => requests.length === time / 1000);
    }
    await write.stop();
    expect(requests[0]).toMatchObject({
      'content-encoding': 'snappy',
      'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
      'x-prometheus-remote-write-version': '2.0.0',
    });
    const metrics = await registry.metrics();
    const labels = `remote_name="x",url="${url}"`;
    expect(metrics).toContain(`samples_failed_total{${labels}} 1`);
    expect(metrics).toContain(`prometheus_remote_storage_samples_total{${labels}} 1`);
  });

  test('a commit that fails is not sent', async () => {
    const { url, received } = await peer();
    const { remote: write } = await remote(`remote_write: [{url: '${url}', ${FAST}}]`);
    const storage = new TestStorage();
    storage.failCommits = true;
    const appender = write.wrap(storage).appender();
    appender.append(0, up, 1, 1);
    await expect(appender.commit()).rejects.toThrow('no space left');
    await write.stop();
    expect(received).toEqual([]);
  });

  test.each([
    ['tries again after a 5xx', 503, true],
    ['gives up after a 4xx', 400, false],
    ['gives up after a 429 unless told otherwise', 429, false],
  ])('%s', async (_, status, again) => {
    const { url, received, requests } = await peer((response, attempt) => {
      if (attempt === 1) response.statusCode = status;
      return attempt > 1;
    });
    const { remote: write, registry } = await remote(`remote_write: [{url: '${url}', name: x, ${FAST}}]`);
    const appender = write.wrap(new TestStorage()).appender();
    appender.append(0, up, 1000, 1);
    await appender.commit();
    await until(() => requests.length === (again ? 2 : 1));
    await write.stop();
    expect(received).toHaveLength(again ? 1 : 0);
    const metrics = await registry.metrics();
    const labels = `remote_name="x",url="${url}"`;
    expect(metrics).toContain(
      again ? `samples_retried_total{${labels}} 1` : `samples_failed_total{${labels}} 1`,
    );
    if (again) expect(metrics).toContain(`prometheus_remote_storage_samples_total{${labels}} 1`);
  });

  test('relabels, and cuts batches', async () => {
    const { url, received, requests } = await peer();
    const { remote: write } = await remote(
      `remote_write: [{url: '${url}', queue_config: {batch_send_deadline: 20ms, max_samples_per_send: 10}, write_relabel_configs: [{source_labels: [__name__], regex: secret, action: drop}]}]`,
    );
    const appender = write.wrap(new TestStorage()).appender();
    for (let i = 1; i <= 25; i++) appender.append(0, up, i, i);
    appender.append(0, Labels.from({ __name__: 'secret' }), 1, 1);
    await appender.commit();
    await until(() => received.length === 25);
    expect(requests).toHaveLength(3);
    expect(received.join()).not.toContain('secret');
  });

  test('sends the rest when it stops, but does not wait for ever', async () => {
    const { url, received } = await peer();
    const slow = 'queue_config: {batch_send_deadline: 1h}';
    const { remote: write } = await remote(
      `remote_write: [{url: '${url}', ${slow}}, {url: 'http://127.0.0.1:1/', ${slow}}]`,
    );
    const appender = write.wrap(new TestStorage()).appender();
    appender.append(0, up, 1000, 1);
    await appender.commit();
    const started = Date.now();
    await write.stop();
    expect(received).toHaveLength(1);
    expect(Date.now() - started).toBeLessThan(7000);
  });

  test('an unchanged remote keeps what waits for it', async () => {
    const { url, received } = await peer();
    const yaml = `remote_write: [{url: '${url}', queue_config: {batch_send_deadline: 100ms}}]`;
    const { remote: write } = await remote(yaml);
    const appender = write.wrap(new TestStorage()).appender();
    appender.append(0, up, 1000, 1);
    await appender.commit();
    await write.apply(parsePrometheusConfig(yaml, 'p.yml').remote_write);
    await until(() => received.length === 1);
    await write.apply([]);
    const plain = new TestStorage();
    expect(write.wrap(plain).appender().append(0, up, 1, 1)).toBe(1);
  });
});

describe('SampleQueue', () => {
  const sample = (time: number): { labels: Labels; sample: { time: number; value: number } } => ({
    labels: up,
    sample: { time, value: 0 },
  });
  test('drops the oldest, also while they are being sent', () => {
    const queue = new SampleQueue(3);
    expect(queue.push([1, 2, 3].map(sample))).toBe(0);
    const sending = queue.peek(2);
    expect(queue.push([4].map(sample))).toBe(1);
    queue.remove(sending);
    expect(queue.peek(9).map(timeOf)).toEqual([3, 4]);
    queue.remove(queue.peek(9));
    expect(queue.length).toBe(0);
  });
});
