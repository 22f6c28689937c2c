import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Alertmanager, loadConfig } from '@prunella/alertmanager';
import { VirtualClock } from '@prunella/metrics/testing';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { alertmanagerRoutes } from './routes.ts';

const CONFIG = `
route: {receiver: web, group_by: ['...'], group_wait: 0s}
receivers: [{name: web, inbox_configs: [{}]}]`;

/** Texts that mean something to some language on the way. */
const HOSTILE = {
  html: '<script>alert(1)</script>&amp;"\'',
  template: '{{ .Labels }}{{ define "x" }}{{ end }} %s ${x} $1',
  'new.lines': 'a\nb\r\nc\u2028d\u2029',
  control: '\u0000\u0001\u001b[31m\u007f\u0085',
  'quo"te': '"\\\\" {a="b"}',
  'ünï 🙂': '🙂\u202e é',
  surrogate: 'a\ud800b',
} as const;
// As an own key: in an object literal it would be the prototype.
const LABELS = JSON.parse(
  JSON.stringify({ alertname: 'H', ...HOSTILE }).replace('{', '{"__proto__":"p",'),
) as object;

async function open(directory: string): Promise<{
  am: Alertmanager;
  call: (method: 'GET' | 'POST', url: string, payload?: object) => Promise<unknown>;
  clock: VirtualClock;
  close: () => Promise<void>;
}> {
  const clock = new VirtualClock(Date.parse('2026-01-05T12:00:00Z'));
  const am = await Alertmanager.open({ clock, directory, externalUrl: 'http://prunella.test' });
  await am.apply(loadConfig(CONFIG, 'alertmanager.yml'));
  am.start();
  const app = fastify();
  alertmanagerRoutes(app, { alertmanager: am });
  return {
    am,
    clock,
    call: async (method, url, payload) => {
      const answer = await app.inject({ method, url, ...(payload && { payload }) });
      expect(answer.statusCode, answer.body).toBe(200);
      if (method === 'GET') expect(answer.headers['content-type']).toMatch(/^application\/json/);
      return answer.body === '' ? undefined : JSON.parse(answer.body);
    },
    close: async () => {
      await app.close();
      await am.stop();
    },
  };
}

test('hostile labels and annotations come back as they were, from every answer and from the disk', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'prunella-hostile-'));
  try {
    const first = await open(directory);
    await first.call('POST', '/api/v2/alerts', [
      { labels: LABELS, annotations: HOSTILE, endsAt: '2026-01-06T00:00:00Z' },
    ]);
    await first.call('POST', '/api/v2/silences', {
      matchers: Object.entries(HOSTILE).map(([name, value]) => ({ name, value, isRegex: false })),
      startsAt: '2026-01-05T12:00:00Z',
      endsAt: '2026-01-05T13:00:00Z',
      createdBy: HOSTILE.html,
      comment: HOSTILE.template,
      annotations: HOSTILE,
    });
    const filter = encodeURIComponent(`html=${JSON.stringify(HOSTILE.html)}`);
    for (const peer of [first, undefined]) {
      const { call, close, clock } = peer ?? (await open(directory));
      await clock.advance(1000);
      const shown = { labels: LABELS, annotations: HOSTILE, status: { state: 'suppressed' } };
      expect(await call('GET', '/api/v2/alerts')).toMatchObject([shown]);
      expect(await call('GET', `/api/v2/alerts?filter=${filter}`)).toMatchObject([shown]);
      expect(await call('GET', '/api/v2/alerts/groups')).toMatchObject([{ labels: LABELS, alerts: [shown] }]);
      expect(await call('GET', '/api/prunella/alerts/history')).toMatchObject({
        events: [{ labels: LABELS }],
      });
      const [silence] = (await call('GET', '/api/v2/silences')) as {
        matchers: { name: string; value: string }[];
      }[];
      expect(silence).toMatchObject({
        createdBy: HOSTILE.html,
        comment: HOSTILE.template,
        annotations: HOSTILE,
      });
      expect(Object.fromEntries(silence?.matchers.map(({ name, value }) => [name, value]) ?? [])).toEqual(
        HOSTILE,
      );
      await close();
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('hostile labels come back from messages and their history', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'prunella-hostile-'));
  const { call, close, clock } = await open(directory);
  try {
    await call('POST', '/api/v2/alerts', [{ labels: LABELS, annotations: HOSTILE }]);
    await clock.advance(1000);
    await expect
      .poll(() => call('GET', '/api/prunella/notifications'))
      .toMatchObject({ notifications: [{ groupLabels: LABELS, alerts: [{ labels: LABELS }] }] });
    expect(await call('GET', '/api/prunella/inbox')).toMatchObject({
      messages: [{ alerts: [{ labels: LABELS, annotations: HOSTILE }] }],
    });
  } finally {
    await close();
    await rm(directory, { recursive: true });
  }
});
