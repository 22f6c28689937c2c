import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Labels, silentLogger, systemClock } from '@prunella/metrics';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import type { RuleAlert } from '../manager.ts';
import { Notifier, type AlertmanagerSection, type AlertmanagerSettings } from './notifier.ts';

interface Sink {
  readonly address: string;
  readonly bodies: { labels: Record<string, string>; endsAt: string }[][];
  readonly paths: string[];
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function sink(
  answer: (response: ServerResponse) => void = (response) => response.end(),
): Promise<Sink> {
  const bodies: Sink['bodies'] = [];
  const paths: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      bodies.push(JSON.parse(body) as Sink['bodies'][number]);
      paths.push(request.url ?? '');
      answer(response);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, paths };
}

const settings = (changes: Partial<AlertmanagerSettings> = {}): AlertmanagerSettings => ({
  scheme: 'http',
  path_prefix: '',
  timeout: 1000,
  relabel_configs: [],
  alert_relabel_configs: [],
  ...changes,
});

function section(
  addresses: readonly string[],
  changes: Partial<AlertmanagerSettings> = {},
): AlertmanagerSection {
  const targets = addresses.map((address) => Labels.from({ __address__: address }));
  const discovery = {
    start: async (listener: (found: { source: string; targets: Labels[] }) => void) =>
      listener({ source: 'static', targets }),
    stop: async () => {},
  };
  return { settings: settings(changes), discoveries: [discovery] };
}

const alert = (name: string, more: Record<string, string> = {}): RuleAlert => ({
  labels: Labels.from({ alertname: name, ...more }),
  annotations: Labels.from({ summary: '<b>' }),
  startsAt: Date.UTC(2026, 0, 1),
  endsAt: Date.UTC(2026, 0, 1, 0, 4),
  generatorURL: 'http://p/graph',
});

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5000;
  while (!holds()) {
    if (Date.now() > end) throw new Error('timed out');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function create(registry = new Registry(), more: object = {}): Notifier {
  return new Notifier({ clock: systemClock, logger: silentLogger, registry, ...more });
}

describe('Notifier', () => {
  test('posts alerts to every Alertmanager of every section', async () => {
    const [a, b] = [await sink(), await sink()];
    const notifier = create();
    await notifier.apply({
      alert_relabel_configs: [],
      alertmanagers: [section([a.address]), section([b.address], { path_prefix: '/am/' })],
      directory: '.',
    });
    notifier.send([alert('A'), alert('B')]);
    await until(() => a.bodies.length > 0 && b.bodies.length > 0);
    expect(a.bodies[0]).toEqual([
      {
        labels: { alertname: 'A' },
        annotations: { summary: '<b>' },
        startsAt: '2026-01-01T00:00:00.000Z',
        endsAt: '2026-01-01T00:04:00.000Z',
        generatorURL: 'http://p/graph',
      },
      expect.objectContaining({ labels: { alertname: 'B' } }),
    ]);
    expect([a.paths[0], b.paths[0]]).toEqual(['/api/v2/alerts', '/am/api/v2/alerts']);
    expect(notifier.urls()).toEqual([
      `http://${a.address}/api/v2/alerts`,
      `http://${b.address}/am/api/v2/alerts`,
    ]);
    await notifier.stop();
  });

  test('relabels alerts, and drops those whose labels are taken away', async () => {
    const a = await sink();
    const notifier = create();
    const steps = { separator: ';', replacement: '$1', regex: '(.*)' };
    await notifier.apply({
      alert_relabel_configs: [
        { ...steps, action: 'drop', source_labels: ['alertname'], regex: 'B' } as never,
        { ...steps, action: 'labeldrop', regex: 'replica', source_labels: [] } as never,
      ],
      alertmanagers: [section([a.address])],
      directory: '.',
    });
    notifier.send([alert('A', { replica: '1' }), alert('B')]);
    await until(() => a.bodies.length > 0);
    expect(a.bodies[0]?.map(({ labels }) => labels)).toEqual([{ alertname: 'A' }]);
    await notifier.stop();
  });

  test('one that stands still or fails does not delay another; what is lost is counted', async () => {
    const [slow, bad, good] = [
      await sink(() => {}),
      await sink((response) => response.writeHead(500).end()),
      await sink(),
    ];
    const registry = new Registry();
    const notifier = create(registry, { queueCapacity: 3, batchSize: 1 });
    await notifier.apply({
      alert_relabel_configs: [],
      alertmanagers: [section([slow.address, bad.address, good.address], { timeout: 300 })],
      directory: '.',
    });
    notifier.send([alert('A')]);
    await until(() => good.bodies.length === 1 && bad.bodies.length === 1 && slow.bodies.length === 1);
    // One is under way to the slow one; of five more only the newest three may wait.
    for (const name of ['B', 'C', 'D', 'E', 'F']) notifier.send([alert(name)]);
    await until(() => good.bodies.length >= 4 && bad.bodies.length >= 4);
    await until(() => slow.bodies.length === 4);
    expect(slow.bodies.map(([first]) => first?.labels['alertname'])).toEqual(['A', 'D', 'E', 'F']);
    await notifier.stop();
    const text = await registry.metrics();
    expect(text).toContain(
      `prometheus_notifications_errors_total{alertmanager="http://${bad.address}/api/v2/alerts"}`,
    );
    expect(text).not.toContain(
      `prometheus_notifications_errors_total{alertmanager="http://${good.address}/api/v2/alerts"}`,
    );
    expect(text).toContain('prometheus_notifications_queue_capacity 3');
    expect(text).toMatch(/prometheus_notifications_dropped_total [1-9]/);
  });

  test('sends what waits before it stops', async () => {
    const a = await sink();
    const notifier = create(new Registry(), { batchSize: 10 });
    await notifier.apply({
      alert_relabel_configs: [],
      alertmanagers: [section([a.address])],
      directory: '.',
    });
    notifier.send(Array.from({ length: 95 }, (_, i) => alert(`A${i}`)));
    await notifier.stop();
    expect(a.bodies.flat()).toHaveLength(95);
    expect(a.bodies).toHaveLength(10);
  });

  test('follows the Alertmanagers that are found', async () => {
    const [a, b] = [await sink(), await sink()];
    let tell: (found: { source: string; targets: Labels[] }) => void = () => {};
    const discovery = {
      start: async (listener: typeof tell) => void (tell = listener),
      stop: async () => {},
    };
    const notifier = create();
    await notifier.apply({
      alert_relabel_configs: [],
      alertmanagers: [{ settings: settings(), discoveries: [discovery] }],
      directory: '.',
    });
    expect(notifier.urls()).toEqual([]);
    tell({ source: 'x', targets: [Labels.from({ __address__: a.address })] });
    notifier.send([alert('A')]);
    await until(() => a.bodies.length === 1);
    tell({ source: 'x', targets: [Labels.from({ __address__: b.address })] });
    notifier.send([alert('B')]);
    await until(() => b.bodies.length === 1);
    expect(a.bodies).toHaveLength(1);
    await notifier.stop();
  });
});
