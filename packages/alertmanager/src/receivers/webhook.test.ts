import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deliverVia } from '../testing/deliver.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';
import { DeliveryError } from './receiver.ts';
import { webhook } from './webhook.ts';

let server: Server;
let url: string;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const bodies: unknown[] = [];
beforeEach(async () => {
  bodies.length = 0;
  answer = (_, response) => response.end('thanks');
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hush`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('webhook', () => {
  test("posts Alertmanager's version 4 body", async () => {
    const alerts = [
      sampleAlert({ alertname: 'A', job: 'x', i: '1' }, { summary: 's' }),
      sampleAlert({ alertname: 'A', job: 'x', i: '2' }, { summary: 's', more: 'm' }, 'resolved'),
    ];
    const said = await deliverVia(webhook, { url }, sampleNotification({ alerts, receiver: 'team.x' }));
    expect(said).toBe('200 thanks');
    expect(bodies).toEqual([
      {
        receiver: 'team\\.x',
        status: 'firing',
        alerts: [
          {
            status: 'firing',
            labels: { alertname: 'A', job: 'x', i: '1' },
            annotations: { summary: 's' },
            startsAt: '2026-01-05T12:00:00Z',
            endsAt: '0001-01-01T00:00:00Z',
            generatorURL: 'http://prometheus.test/graph?g0.expr=up',
            fingerprint: alerts[0]?.fingerprint,
          },
          {
            status: 'resolved',
            labels: { alertname: 'A', job: 'x', i: '2' },
            annotations: { summary: 's', more: 'm' },
            startsAt: '2026-01-05T12:00:00Z',
            endsAt: '2026-01-05T12:01:00Z',
            generatorURL: 'http://prometheus.test/graph?g0.expr=up',
            fingerprint: alerts[1]?.fingerprint,
          },
        ],
        groupLabels: { alertname: 'A' },
        commonLabels: { alertname: 'A', job: 'x' },
        commonAnnotations: { summary: 's' },
        externalURL: 'http://prunella.test',
        version: '4',
        groupKey: '{}:{alertname="A"}',
        truncatedAlerts: 0,
        notification_reason: 'first notification',
      },
    ]);
  });

  test('sends at most max_alerts and says how many it left out', async () => {
    const alerts = ['1', '2', '3'].map((i) => sampleAlert({ alertname: 'A', i }));
    await deliverVia(webhook, { url, max_alerts: 2 }, sampleNotification({ alerts }));
    expect(bodies).toMatchObject([
      { truncatedAlerts: 1, alerts: [{ labels: { i: '1' } }, { labels: { i: '2' } }] },
    ]);
  });

  test.each([
    [500, true],
    [503, true],
    [400, false],
    [404, false],
    [429, false],
  ])('status %d: worth another try: %s', async (status, retry) => {
    answer = (_, response) => response.writeHead(status).end('why');
    const failure = await deliverVia(webhook, { url }, sampleNotification()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeliveryError);
    expect(failure).toMatchObject({ retry, message: `unexpected status code ${status}: why` });
  });

  test('a connection that is cut is worth another try, and the URL stays secret', async () => {
    answer = (request) => request.socket.destroy();
    const failure = await deliverVia(webhook, { url }, sampleNotification()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ retry: true });
    expect(String(failure)).not.toContain('hush');
  });

  test('a server that stalls is given up after the timeout', async () => {
    answer = () => {};
    const failure = await deliverVia(webhook, { url, timeout: '50ms' }, sampleNotification()).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ retry: true });
  });
});
