import {
  FileIncidentLog,
  FileJournal,
  Healing,
  maskFor,
  parseHealing,
  type HealingAlert,
} from '@prunella/healing';
import { silentLogger } from '@prunella/metrics';
import { Workloads } from '@prunella/workloads';
import fastify, { type FastifyInstance } from 'fastify';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { healingRoutes } from './routes.ts';
import { webhookRoutes } from './webhooks.ts';

const CONFIG = `
runbooks:
  - name: hook
    description: Calls nobody
    match: [alertname="APIHighLatency"]
    mode: approve
    steps: [{capture: {query: [up]}}, {http: {url: 'http://127.0.0.1:1/x'}}]
`;
const SEED = '{"alerts":[{"labels":{"alertname":"APIHighLatency","severity":"critical"}}]}';

let dir = '';
let app: FastifyInstance;
let healing: Healing;
let received: { alerts: readonly HealingAlert[]; receiver: string | undefined }[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'healing-routes-'));
  received = [];
  healing = new Healing({
    journal: new FileJournal(join(dir, 'incidents'), silentLogger),
    log: new FileIncidentLog(join(dir, 'incident_log.jsonl')),
    mask: maskFor({}),
    workloads: new Workloads({ sources: [], logger: silentLogger }),
    http: () => Promise.resolve(200),
  });
  healing.apply(parseHealing(CONFIG, 'healing.yml'));
  await healing.start();
  app = fastify();
  healingRoutes(app, { healing });
  webhookRoutes(app, {
    alertsReceived: (alerts, receiver) => {
      received.push({ alerts, receiver });
      return healing.alertsChanged(alerts, 'webhook');
    },
  });
});

afterEach(async () => {
  await app.close();
  await healing.stop();
  rmSync(dir, { recursive: true });
});

interface Answer {
  incidents: {
    id: string;
    state: string;
    detectedAt: string;
    evidence: object[];
    timeline: { text: string }[];
  }[];
}

async function newest(): Promise<Answer['incidents'][number]> {
  const { incidents } = (await app.inject('/api/prunella/incidents')).json<Answer>();
  return incidents[0] as Answer['incidents'][number];
}

describe('webhooks', () => {
  test.each(['/alert', '/hooks/bot'])('%s takes the seeds’ body, as curl sends it', async (url) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.inject({ method: 'POST', url, payload: SEED, headers });
    expect([answer.statusCode, answer.json()]).toEqual([200, { accepted: 1 }]);
    expect(received).toMatchObject([{ alerts: [{ simulated: true }] }]);
    expect(received[0]?.receiver).toBe(url === '/alert' ? undefined : 'bot');
    expect((await newest()).state).toMatch(/detected|awaiting_approval/);
  });

  test.each([
    ['no JSON', 'hello', 400],
    ['no alerts', '{}', 400],
    ['an alert without labels', '{"alerts":[{}]}', 400],
    ['nothing', '', 400],
    ['too much', `{"alerts":[],"x":"${'x'.repeat(1024 * 1024)}"}`, 413],
  ])('refuse %s', async (_, payload, status) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url: '/alert', payload, headers });
    expect(answer.statusCode).toBe(status);
    expect(received).toEqual([]);
  });

  test('write a line for an alert that nobody has a runbook for', async () => {
    const payload = '{"alerts":[{"labels":{"alertname":"Unheard"}}]}';
    await app.inject({ method: 'POST', url: '/alert', payload });
    expect(JSON.parse(readFileSync(join(dir, 'incident_log.jsonl'), 'utf8'))).toMatchObject({
      alert: 'Unheard',
      action: 'none',
      result: 'no_runbook',
    });
    expect((await app.inject('/api/prunella/incidents')).json()).toEqual({ incidents: [] });
  });
});

describe('incidents over HTTP', () => {
  beforeEach(async () => {
    await app.inject({ method: 'POST', url: '/alert', payload: SEED });
    await vi.waitFor(async () => expect((await newest()).state).toBe('awaiting_approval'));
  });

  test('are listed without the texts of evidence, and shown with them', async () => {
    const { id, detectedAt, ...rest } = await newest();
    expect(detectedAt).toMatch(/^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/);
    expect(rest).not.toHaveProperty('fingerprint');
    await app.inject({
      method: 'POST',
      url: `/api/prunella/incidents/${id}/approve`,
      payload: { by: 'Ada' },
    });
    await vi.waitFor(async () => expect((await newest()).evidence).toHaveLength(1));
    expect((await newest()).evidence[0]).not.toHaveProperty('text');
    const whole = (await app.inject(`/api/prunella/incidents/${id}`)).json<Answer['incidents'][number]>();
    expect(whole.evidence[0]).toMatchObject({
      kind: 'query',
      expr: 'up',
      text: expect.stringContaining('not available'),
    });
    expect(whole.timeline.map((entry) => entry.text)).toContain('Approved by Ada');
  });

  test.each([
    ['GET', 'incidents?state=half', undefined, 400, 'bad_request'],
    ['GET', 'incidents?limit=0', undefined, 400, 'bad_request'],
    ['GET', 'incidents/nobody', undefined, 404, 'not_found'],
    ['POST', 'incidents/nobody/approve', { by: 'Ada' }, 404, 'not_found'],
    ['POST', 'incidents/ID/approve', {}, 400, 'bad_request'],
    ['POST', 'incidents/ID/reject', { by: ' ' }, 400, 'bad_request'],
  ] as const)('%s %s %j gives %i %s', async (method, path, body, status, code) => {
    const url = `/api/prunella/${path.replace('ID', (await newest()).id)}`;
    const answer = await app.inject({ method, url, ...(body && { payload: body }) });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
  });

  test('a second decision is a conflict', async () => {
    const { id } = await newest();
    const url = `/api/prunella/incidents/${id}/reject`;
    const first = await app.inject({ method: 'POST', url, payload: { by: 'Ada', comment: 'no' } });
    expect(first.json()).toMatchObject({ id, state: 'closed', outcome: 'rejected' });
    const second = await app.inject({ method: 'POST', url, payload: { by: 'Bob' } });
    expect(second.statusCode).toBe(409);
    expect((await app.inject('/api/prunella/incidents?state=open')).json()).toEqual({ incidents: [] });
  });

  test('runbooks are shown', async () => {
    expect((await app.inject('/api/prunella/runbooks')).json()).toEqual([
      {
        name: 'hook',
        description: 'Calls nobody',
        mode: 'approve',
        match: ['alertname="APIHighLatency"'],
        steps: [
          { kind: 'capture', text: 'capture up' },
          { kind: 'http', text: 'POST http://127.0.0.1:1/x' },
          { kind: 'verify', text: 'verify for 30 s that the alert’s expression returns nothing' },
          { kind: 'escalate', text: 'escalate to the default receiver' },
        ],
        limits: { cooldownMs: 300_000, attempts: 3, windowMs: 3_600_000 },
        runs: 0,
      },
    ]);
  });
});
