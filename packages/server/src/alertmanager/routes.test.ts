import { Alertmanager, loadConfig } from '@prunella/alertmanager';
import { Labels } from '@prunella/metrics';
import { VirtualClock } from '@prunella/metrics/testing';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { alertmanagerRoutes } from './routes.ts';

const CONFIG = `
global: {slack_api_url: 'https://hooks.example/hush'}
route:
  receiver: web
  group_by: [alertname]
  group_wait: 1s
  routes:
    - receiver: team.x
      matchers: [team=x]
      mute_time_intervals: [always]
      labels: {owner: '{{ .CommonLabels.team | toUpper }}', plain: text}
time_intervals: [{name: always, time_intervals: [{}]}]
inhibit_rules:
  - {source_matchers: [severity=critical], target_matchers: [severity=warning], equal: [host]}
receivers:
  - name: web
    inbox_configs: [{}]
  - name: team.x
    labels: {owner: ada}
    file_configs: [{path: /dev/null/nope}]
`;

const START = Date.parse('2026-01-05T12:00:00Z');
let clock: VirtualClock;
let am: Alertmanager;
let app: FastifyInstance;
beforeEach(async () => {
  clock = new VirtualClock(START);
  am = await Alertmanager.open({ clock, externalUrl: 'http://prunella.test' });
  await am.apply(loadConfig(CONFIG, 'alertmanager.yml'));
  am.start();
  app = fastify();
  alertmanagerRoutes(app, { alertmanager: am });
});
afterEach(async () => {
  await app.close();
  await am.stop();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function call(
  method: 'GET' | 'POST' | 'DELETE' | 'PUT',
  url: string,
  body?: unknown,
  type = 'application/json',
): Promise<Answer> {
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const headers = payload === undefined ? {} : { 'content-type': type };
  const answer = await app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  const json = answer.headers['content-type']?.toString().startsWith('application/json');
  return { status: answer.statusCode, body: json ? answer.json() : answer.body };
}

const get = (url: string): Promise<Answer> => call('GET', `/api/v2${url}`);
const post = (url: string, body: unknown): Promise<Answer> => call('POST', `/api/v2${url}`, body);

const silence = (changes: object = {}): object => ({
  matchers: [{ name: 'alertname', value: 'A', isRegex: false }],
  startsAt: '2026-01-05T12:00:00Z',
  endsAt: '2026-01-05T13:00:00Z',
  createdBy: 'ada',
  comment: 'c',
  ...changes,
});

// Statuses and bodies as Alertmanager 0.33.1 answers, but for Go's wording of JSON errors.
describe('POST /api/v2/alerts', () => {
  test.each<[string, unknown, number, unknown]>([
    ['nothing', [], 200, ''],
    ['null', 'null', 200, ''],
    [
      'an object',
      {},
      400,
      { code: 400, message: expect.stringContaining('parsing alerts body from "" failed') },
    ],
    [
      'no JSON',
      'xx',
      400,
      { code: 400, message: expect.stringContaining('parsing alerts body from "" failed') },
    ],
    ['no labels', [{ annotations: {} }], 422, { code: 602, message: '0.labels in body is required' }],
    ['empty labels', [{ labels: {} }], 400, 'at least one label pair required'],
    [
      'labels of a wrong type',
      [{ labels: { a: 1 } }],
      400,
      { code: 400, message: expect.stringContaining('labels.a') },
    ],
    [
      'no time',
      [{ labels: { a: 'b' }, startsAt: 'x' }],
      400,
      { code: 400, message: expect.stringContaining('time "x"') },
    ],
    [
      'no URI',
      [{ labels: { a: 'b' }, generatorURL: '::x' }],
      422,
      { code: 601, message: '0.generatorURL in body must be of type uri: "::x"' },
    ],
    ['no name', [{ labels: { '': 'b' } }], 400, 'invalid label set: invalid name ""'],
    ['unknown keys and UTF-8 names', [{ labels: { 'a b': 'c' }, more: 1 }], 200, ''],
    [
      'zero times',
      [{ labels: { a: 'b' }, startsAt: '0001-01-01T00:00:00Z', endsAt: '0001-01-01T00:00:00.000Z' }],
      200,
      '',
    ],
  ])('%s', async (_, body, status, expected) => {
    expect(await post('/alerts', body)).toEqual({ status, body: expected });
  });

  test('no body, or one of another type', async () => {
    expect(await call('POST', '/api/v2/alerts')).toEqual({
      status: 422,
      body: { code: 602, message: 'alerts in body is required' },
    });
    expect(await call('POST', '/api/v2/alerts', '[]', 'text/plain')).toEqual({
      status: 415,
      body: {
        code: 415,
        message: 'unsupported media type "text/plain", only [application/json] are allowed',
      },
    });
  });

  test('the valid ones are taken even if others are not', async () => {
    const answer = await post('/alerts', [
      { labels: { a: 'b' }, startsAt: '2026-01-02T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' },
      { labels: { alertname: 'good', empty: '' }, annotations: { x: '' } },
    ]);
    expect(answer).toEqual({ status: 400, body: 'start time must be before end time' });
    expect((await get('/alerts')).body).toEqual([
      {
        annotations: { x: '' },
        endsAt: '2026-01-05T12:05:00.000Z',
        fingerprint: 'fff7f30401697f7b',
        receivers: [{ name: 'web' }],
        startsAt: '2026-01-05T12:00:00.000Z',
        status: { inhibitedBy: [], mutedBy: [], silencedBy: [], state: 'active' },
        updatedAt: '2026-01-05T12:00:00.000Z',
        labels: { alertname: 'good' },
      },
    ]);
  });
});

describe('GET /api/v2/alerts', () => {
  const names = async (query: string): Promise<unknown> => {
    const { body } = await get(`/alerts${query}`);
    return Array.isArray(body)
      ? body.map((alert: { labels: { alertname: string } }) => alert.labels.alertname)
      : body;
  };
  beforeEach(async () => {
    await post('/alerts', [
      { labels: { alertname: 'A' } },
      { labels: { alertname: 'B', severity: 'critical', host: 'h' } },
      { labels: { alertname: 'C', severity: 'warning', host: 'h' } },
      { labels: { alertname: 'D', team: 'x' } },
      { labels: { alertname: 'E' }, endsAt: '2026-01-05T12:00:00Z' },
    ]);
    await post('/silences', silence());
  });

  test.each<[string, unknown]>([
    ['', ['B', 'C', 'D', 'A']],
    ['?active=false', ['C', 'A']],
    ['?silenced=false', ['B', 'C', 'D']],
    ['?inhibited=false', ['B', 'D', 'A']],
    ['?active=x', ['C', 'A']],
    ['?filter=alertname%3D~%22A%7CB%22', ['B', 'A']],
    ['?filter=team%3D%22%22&filter=host!%3D%22h%22', ['A']],
    ['?receiver=team', []],
    ['?receiver=team.x', ['D']],
    ['?receiver_matchers=owner%3Dada', ['D']],
    ['?filter=foo', 'bad matcher format: foo'],
    ['?receiver=(', expect.stringContaining('failed to parse receiver param')],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  test('groups: by labels, with what mutes them', async () => {
    const summary = (body: unknown): string[] =>
      (
        body as {
          labels: object;
          receiver: { name: string };
          alerts: { status: { state: string; mutedBy: string[] } }[];
        }[]
      ).map(
        ({ labels, receiver, alerts }) =>
          `${JSON.stringify(labels)} ${receiver.name} ${alerts.map((a) => a.status.state + a.status.mutedBy.join()).join()}`,
      );
    expect(summary((await get('/alerts/groups')).body)).toEqual([
      '{"alertname":"A"} web suppressed',
      '{"alertname":"B"} web active',
      '{"alertname":"C"} web suppressed',
      '{"alertname":"D"} team.x suppressedalways',
    ]);
    expect((await get('/alerts/groups?receiver=web')).body).toMatchObject([
      { routeLabels: {} },
      { routeLabels: {} },
      { routeLabels: {} },
    ]);
    expect((await get('/alerts/groups?receiver=team.x')).body).toMatchObject([
      { routeLabels: { owner: 'X', plain: 'text' } },
    ]);
    expect(summary((await get('/alerts/groups?muted=false&silenced=false&inhibited=false')).body)).toEqual([
      '{"alertname":"B"} web active',
    ]);
  });
});

describe('silences', () => {
  test.each<[string, unknown, number, unknown]>([
    ['nothing', {}, 422, { code: 602, message: 'comment in body is required' }],
    [
      'no matchers',
      silence({ matchers: [] }),
      422,
      { code: 612, message: 'matchers in body should have at least 1 items' },
    ],
    [
      'no isRegex',
      silence({ matchers: [{ name: 'a', value: 'b' }] }),
      422,
      { code: 602, message: 'matchers.0.isRegex in body is required' },
    ],
    [
      'ends before it starts',
      silence({ endsAt: '2026-01-05T11:00:00Z' }),
      400,
      'Failed to create silence: start time must be before end time',
    ],
    [
      'is over',
      silence({ startsAt: '2026-01-05T10:00:00Z', endsAt: '2026-01-05T11:00:00Z' }),
      400,
      "Failed to create silence: end time can't be in the past",
    ],
    ['unknown id', silence({ id: 'xx' }), 404, 'silence not found'],
    [
      'matches everything',
      silence({ matchers: [{ name: 'a', value: '', isRegex: false }] }),
      400,
      expect.stringContaining('must not match the empty string'),
    ],
    [
      'empty author',
      silence({ createdBy: '', comment: '' }),
      200,
      { silenceID: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ],
  ])('POST: %s', async (_, body, status, expected) => {
    expect(await post('/silences', body)).toEqual({ status, body: expected });
  });

  test('create, get, filter, expire', async () => {
    const { body } = await post('/silences', silence({ annotations: { ticket: '7' } }));
    const { silenceID } = body as { silenceID: string };
    expect((await get(`/silence/${silenceID}`)).body).toEqual({
      id: silenceID,
      status: { state: 'active' },
      updatedAt: '2026-01-05T12:00:00.000Z',
      annotations: { ticket: '7' },
      comment: 'c',
      createdBy: 'ada',
      endsAt: '2026-01-05T13:00:00.000Z',
      matchers: [{ isEqual: true, isRegex: false, name: 'alertname', value: 'A' }],
      startsAt: '2026-01-05T12:00:00.000Z',
    });
    const found = async (query: string): Promise<number> =>
      ((await get(`/silences${query}`)).body as unknown[]).length;
    expect(await found('?filter=alertname%3D%22A%22')).toBe(1);
    expect(await found('?filter=alertname%3D~%22A%22')).toBe(0);
    expect(await found('?active=false')).toBe(0);
    for (let i = 0; i < 2; i++) {
      expect(await call('DELETE', `/api/v2/silence/${silenceID}`)).toEqual({ status: 200, body: '' });
    }
    expect((await get(`/silence/${silenceID}`)).body).toMatchObject({ status: { state: 'expired' } });
  });

  test('active, pending, expired: each in its order', async () => {
    const times: [string, string, string][] = [
      ['late', '2026-01-05T12:00:00Z', '2026-01-05T15:00:00Z'],
      ['soon', '2026-01-05T12:00:00Z', '2026-01-05T13:00:00Z'],
      ['pending2', '2026-01-05T15:00:00Z', '2026-01-05T16:00:00Z'],
      ['pending1', '2026-01-05T14:00:00Z', '2026-01-05T19:00:00Z'],
    ];
    for (const [comment, startsAt, endsAt] of times)
      await post('/silences', silence({ comment, startsAt, endsAt }));
    const comments = async (): Promise<string[]> =>
      ((await get('/silences')).body as { comment: string }[]).map((s) => s.comment);
    expect(await comments()).toEqual(['soon', 'late', 'pending1', 'pending2']);
    await clock.advance(3.5 * 3_600_000);
    expect(await comments()).toEqual(['pending2', 'pending1', 'late', 'soon']);
  });

  test.each([
    ['GET', 'abc', 422, { code: 601, message: 'silenceID in path must be of type uuid: "abc"' }],
    ['DELETE', 'abc', 422, { code: 601, message: 'silenceID in path must be of type uuid: "abc"' }],
    ['GET', '8a4e0c1e-0000-4000-8000-000000000000', 404, ''],
    ['DELETE', '8a4e0c1e-0000-4000-8000-000000000000', 404, ''],
  ] as const)('%s /silence/%s', async (method, id, status, body) => {
    expect(await call(method, `/api/v2/silence/${id}`)).toEqual({ status, body });
  });
});

test('status shows the configuration without its secrets', async () => {
  const { body } = await get('/status');
  expect(body).toMatchObject({
    cluster: { status: 'disabled', peers: [] },
    uptime: '2026-01-05T12:00:00.000Z',
  });
  expect(JSON.stringify(body)).not.toContain('hush');
});

test.each([
  ['GET', '/nope', 404, { code: 404, message: 'path /api/v2/nope was not found' }],
  ['PUT', '/alerts', 405, { code: 405, message: 'method PUT is not allowed, but [GET,POST] are' }],
] as const)('%s %s', async (method, path, status, body) => {
  expect(await call(method, `/api/v2${path}`)).toEqual({ status, body });
});

test('receivers, by their labels', async () => {
  expect((await get('/receivers')).body).toEqual([
    { name: 'web', labels: { name: 'web' } },
    { name: 'team.x', labels: { name: 'team.x', owner: 'ada' } },
  ]);
  expect((await get('/receivers?receiver_matchers=owner%3Dada')).body).toHaveLength(1);
});

describe('what Alertmanager has no API for', () => {
  test('inbox and history', async () => {
    await post('/alerts', [
      { labels: { alertname: 'A', severity: 'info', instance: 'i' }, annotations: { summary: 's' } },
    ]);
    await clock.advance(1000);
    expect((await call('GET', '/api/prunella/inbox?limit=1')).body).toEqual({
      messages: [
        {
          id: expect.any(String),
          time: '2026-01-05T12:00:01.000Z',
          receiver: 'web',
          status: 'firing',
          title: 'A on i',
          text: '\u{1F6A8} A (Severity: info)\nInstance: i\ns',
          groupKey: '{}:{alertname="A"}',
          groupLabels: { alertname: 'A' },
          alerts: [
            {
              status: 'firing',
              labels: { alertname: 'A', severity: 'info', instance: 'i' },
              annotations: { summary: 's' },
              startsAt: '2026-01-05T12:00:00.000Z',
              generatorURL: '',
            },
          ],
        },
      ],
    });
    expect((await call('GET', '/api/prunella/notifications?receiver=web')).body).toMatchObject({
      notifications: [
        { outcome: 'delivered', integration: 'inbox[0]', attempts: [{ answer: expect.any(String) }] },
      ],
    });
    expect((await call('GET', '/api/prunella/notifications?outcome=failed')).body).toEqual({
      notifications: [],
    });
    expect((await call('GET', '/api/prunella/inbox?limit=-1')).status).toBe(400);
  });

  test('when which alert fired', async () => {
    await post('/alerts', [{ labels: { alertname: 'good' } }, { labels: { alertname: 'other' } }]);
    await post('/alerts', [{ labels: { alertname: 'good' } }]);
    await clock.advance(60_000);
    await post('/alerts', [{ labels: { alertname: 'good' }, endsAt: '2026-01-05T12:01:00Z' }]);
    const { body } = await call('GET', '/api/prunella/alerts/history?fingerprint=fff7f30401697f7b');
    expect(body).toEqual({
      events: [
        {
          id: '3',
          time: '2026-01-05T12:01:00.000Z',
          status: 'resolved',
          fingerprint: 'fff7f30401697f7b',
          labels: { alertname: 'good' },
          startsAt: expect.any(String),
        },
        {
          id: '1',
          time: '2026-01-05T12:00:00.000Z',
          status: 'firing',
          fingerprint: 'fff7f30401697f7b',
          labels: { alertname: 'good' },
          startsAt: '2026-01-05T12:00:00.000Z',
        },
      ],
    });
  });

  test('a receiver test reports what the other side said', async () => {
    expect((await call('POST', '/api/prunella/receivers/web/test', {})).body).toMatchObject({
      results: [{ integration: 'inbox[0]', ok: true, answer: expect.stringContaining('message ') }],
    });
    expect((await call('POST', '/api/prunella/receivers/team.x/test', {})).body).toMatchObject({
      results: [{ integration: 'file[0]', ok: false, answer: expect.stringContaining('/dev/null') }],
    });
    expect((await call('POST', '/api/prunella/receivers/nope/test', {})).status).toBe(404);
    expect((await call('POST', '/api/prunella/receivers/web/test', { other: 1 })).status).toBe(400);
    expect((await call('POST', '/api/prunella/receivers/web/test', { resolve: true })).body).toMatchObject({
      results: [
        { integration: 'inbox[0]', status: 'firing', ok: true },
        { integration: 'inbox[0]', status: 'resolved', ok: true },
      ],
    });
  });

  test('acknowledging', async () => {
    await post('/alerts', [{ labels: { alertname: 'good' } }]);
    const path = '/api/prunella/alerts/fff7f30401697f7b/acknowledge';
    expect((await call('GET', path)).status).toBe(404);
    expect(await call('POST', path, { by: 'ada', comment: 'mine' })).toEqual({ status: 200, body: {} });
    expect((await call('GET', path)).body).toEqual({
      by: 'ada',
      comment: 'mine',
      time: '2026-01-05T12:00:00.000Z',
    });
    expect((await call('DELETE', path)).status).toBe(200);
    expect((await call('POST', path, { comment: 'x' })).status).toBe(400);
    expect((await call('POST', path.replace('fff', '000'), { by: 'ada' })).status).toBe(404);
  });

  test('recurring silences', async () => {
    const path = '/api/prunella/recurring-silences';
    const body = {
      matchers: [{ name: 'a', value: 'b', isRegex: false }],
      intervals: [{ times: [{ start_time: '11:00', end_time: '13:00' }] }],
      createdBy: 'ada',
      comment: 'lunch',
    };
    const { body: created } = await call('POST', path, body);
    expect((await call('GET', path)).body).toEqual({ recurringSilences: [created] });
    expect(am.silences.silencing({ fingerprint: 'x', labels: Labels.from({ a: 'b' }) })).toHaveLength(1);
    expect((await call('POST', path, { ...body, intervals: [{ weekdays: ['x'] }] })).status).toBe(400);
    expect((await call('DELETE', `${path}/${(created as { id: string }).id}`)).status).toBe(200);
    expect((await call('DELETE', `${path}/nope`)).status).toBe(404);
  });
});
