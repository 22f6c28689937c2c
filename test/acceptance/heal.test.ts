import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, visitAllPages } from '../browser/visit.ts';
import { Demo, isListening } from './demo.ts';

interface Incident {
  id: string;
  alertname: string;
  state: string;
  outcome?: string;
  target?: string;
  detectedAt: string;
  toldAt?: string;
  actedAt?: string;
  healedAt?: string;
  closedAt?: string;
  timeline: { kind: string; text: string; step?: { kind: string; state: string } }[];
  evidence: { kind: string; text?: string }[];
}
interface Message {
  status: string;
  title: string;
  alerts: { labels: Record<string, string> }[];
}
interface Workload {
  name: string;
  service: string;
  state: string;
  pid?: number;
  restarts: number;
  startedAt?: string;
}

/** A webhook receiver that keeps what it was sent. */
class Sink {
  readonly bodies: { status: string; alerts: { labels: Record<string, string> }[] }[] = [];
  readonly #server: Server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      this.bodies.push(JSON.parse(text) as (typeof this.bodies)[number]);
      response.end();
    });
  });
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }
  of(alertname: string, status: string): number {
    return this.bodies.filter(
      (body) => body.status === status && body.alerts.some((a) => a.labels.alertname === alertname),
    ).length;
  }
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('the demo, from outside', () => {
  const sink = new Sink();
  let demo: Demo;

  const workload = async (service: string): Promise<Workload> => {
    const all = await demo.get<Workload[]>('/api/prunella/workloads');
    const found = all.find((each) => each.service === service);
    if (!found) throw new Error(`no workload ${service} among ${all.map((each) => each.service).join(', ')}`);
    return found;
  };
  const incidents = async (): Promise<Incident[]> =>
    (await demo.get<{ incidents: Incident[] }>('/api/prunella/incidents')).incidents;
  const inbox = async (alertname: string, status: string): Promise<Message[]> =>
    (await demo.get<{ messages: Message[] }>('/api/prunella/inbox')).messages.filter(
      (message) => message.status === status && message.alerts.some((a) => a.labels.alertname === alertname),
    );

  beforeAll(async () => {
    const url = await sink.start();
    demo = await Demo.start((file, text) => (file === 'alertmanager.yml' ? addWebhook(text, url) : text));
  }, 120_000);

  afterAll(async () => {
    await demo?.stop();
    sink.stop();
    demo?.remove();
  });

  test('every job is up within 40 s', async () => {
    const jobs = ['prunella', 'node', 'shop', 'worker', 'postgres', 'containers'];
    for (const job of jobs) {
      await demo.until(`up{job="${job}"} is 1`, 40_000, async () => {
        const result = await demo.query(`up{job="${job}"}`);
        return result.length > 0 && result.every(({ value }) => value[1] === '1');
      });
    }
    await demo.until('the probe of /health succeeds', 40_000, async () => {
      const result = await demo.query('probe_success{instance=~".*health.*"}');
      return result.length > 0 && result.every(({ value }) => value[1] === '1');
    });
  });

  test('a killed worker is noticed, restarted and recorded', async () => {
    const before = await workload('worker');
    process.kill(before.pid as number, 'SIGKILL');
    await demo.until('another worker runs', 30_000, async () => {
      const now = await workload('worker');
      return now.state === 'running' && now.pid !== before.pid && now.restarts === before.restarts + 1;
    });
    await demo.until('the crash is an incident that closed', 60_000, async () =>
      (await incidents()).some((incident) => incident.target === 'worker' && incident.state === 'closed'),
    );
  });

  test('the minimal webhook of the documentation is accepted', async () => {
    const body = '{"alerts":[{"labels":{"alertname":"SomethingNobodyMends","severity":"critical"}}]}';
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${demo.url}/alert`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ accepted: 1 });
    expect((await fetch(`${demo.url}/alert`, { method: 'POST', headers, body: '{' })).status).toBe(400);
  });

  test('a slow API is told about, restarted once, proven well and resolved within 4 minutes', async () => {
    const before = await workload('api');
    const fault = await fetch(`${demo.shop}/fault/latency?ms=600&seconds=600`, { method: 'POST' });
    expect(fault.ok).toBe(true);
    const started = performance.now();
    const left = (): number => 240_000 - (performance.now() - started);

    await demo.until(
      'APIHighLatency fires',
      left(),
      async () => (await demo.query('ALERTS{alertname="APIHighLatency",alertstate="firing"}')).length > 0,
    );
    await demo.until(
      'a message is in the inbox',
      left(),
      async () => (await inbox('APIHighLatency', 'firing')).length > 0,
    );
    const mine = (incident: Incident): boolean =>
      incident.alertname === 'APIHighLatency' && incident.detectedAt !== undefined;
    await demo.until('the incident closes', left(), async () =>
      (await incidents()).some((i) => mine(i) && i.state === 'closed'),
    );
    await demo.until(
      'a resolved message arrives',
      left(),
      async () => (await inbox('APIHighLatency', 'resolved')).length > 0,
    );

    const listed = (await incidents()).filter(mine);
    expect(listed).toHaveLength(1);
    const incident = await demo.get<Incident>(`/api/prunella/incidents/${listed[0]?.id}`);
    expect(incident.outcome).toBe('healed');
    const times = [incident.detectedAt, incident.toldAt, incident.actedAt, incident.healedAt].map((time) =>
      Date.parse(time ?? ''),
    );
    expect(times.every((time) => time > 0)).toBe(true);
    expect(Math.max(...times.slice(0, 3))).toBeLessThan(times[3] as number);
    expect(incident.evidence.some(({ kind, text }) => kind === 'log' && (text ?? '') !== '')).toBe(true);

    const after = await workload('api');
    expect(after.pid).not.toBe(before.pid);
    expect(
      incident.timeline.filter(({ step }) => step?.kind === 'restart' && step.state === 'done'),
    ).toHaveLength(1);
    expect(await inbox('APIHighLatency', 'firing')).toHaveLength(1);
    expect(sink.of('APIHighLatency', 'firing')).toBe(1);
    await demo.until(
      'the webhook hears that it is resolved',
      30_000,
      async () => sink.of('APIHighLatency', 'resolved') === 1,
    );

    const log = readFileSync(join(demo.folder, 'data/prunella/incident_log.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const lines = log.map((line) => JSON.parse(line) as { alert?: string; action?: string });
    expect(lines.some((line) => JSON.stringify(line).includes('APIHighLatency'))).toBe(true);
  }, 300_000);

  test.skipIf(!hasChromium())(
    'the pages show it, at both widths (skipped without Chromium)',
    async () => {
      const { visited, problems } = await visitAllPages(demo.url, { widths: [1440, 390] });
      expect(problems).toEqual([]);
      expect(visited).toBeGreaterThan(30);
    },
    300_000,
  );

  test('SIGTERM leaves no process and no port behind, and loses nothing', async () => {
    const all = await demo.get<Workload[]>('/api/prunella/workloads');
    const pids = all.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    const before = Number((await demo.query('count_over_time(up{job="shop"}[30m])'))[0]?.value[1]);
    expect(await demo.stop('SIGTERM')).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    for (const port of Object.values(demo.ports)) expect(await isListening(port), `port ${port}`).toBe(false);

    const { folder, ports } = demo;
    demo = await Demo.launch(ports, folder);
    const after = Number((await demo.query('count_over_time(up{job="shop"}[30m])'))[0]?.value[1]);
    expect(after).toBeGreaterThanOrEqual(before);
    expect((await incidents()).filter(({ alertname }) => alertname === 'APIHighLatency')).toHaveLength(1);
    expect(await inbox('APIHighLatency', 'resolved')).toHaveLength(1);
    expect(await demo.stop('SIGINT')).toBe(0);
  }, 180_000);
});

/** Adds a webhook to every receiver that has an inbox. */
function addWebhook(text: string, url: string): string {
  return text.replace(/^( *)inbox_configs:/gm, `$1webhook_configs:\n$1  - url: ${url}\n$1inbox_configs:`);
}

function isAlive(pid: number): boolean {
  try {
    execFileSync('kill', ['-0', String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
