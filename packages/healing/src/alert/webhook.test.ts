import { Labels } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { isSeriesOf } from './alert.ts';
import { fingerprintOf } from './fingerprint.ts';
import { parseWebhook } from './webhook.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

describe('parseWebhook()', () => {
  test('takes as little as the labels', () => {
    const [alert] = parseWebhook(
      { alerts: [{ labels: { alertname: 'APIHighLatency', severity: 'critical' } }] },
      now,
    );
    expect(alert).toMatchObject({ status: 'firing', startsAt: now, simulated: true });
    expect(alert?.fingerprint).toBe(
      fingerprintOf(Labels.from({ alertname: 'APIHighLatency', severity: 'critical' })),
    );
  });

  test.each([
    [{ status: 'resolved' }, {}, 'resolved'],
    [{ status: 'firing' }, { endsAt: '2025-12-31T23:59:00Z' }, 'resolved'],
    [{ status: 'resolved' }, { status: 'firing' }, 'firing'],
    [{}, { endsAt: '2026-01-01T00:05:00Z' }, 'firing'],
  ])('a body with %j and an alert with %j is %s', (body, alert, status) => {
    const full = { ...body, alerts: [{ labels: { alertname: 'A' }, ...alert }] };
    expect(parseWebhook(full, now)[0]?.status).toBe(status);
  });

  test("takes all of Alertmanager's", () => {
    const body = {
      version: '4',
      groupKey: '{}:{}',
      status: 'firing',
      receiver: 'bot',
      externalURL: 'http://am:9093',
      truncatedAlerts: 0,
      alerts: [
        {
          status: 'firing',
          labels: { alertname: 'A' },
          annotations: { summary: 's' },
          startsAt: '2025-12-31T23:59:00.5Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://p/graph?g0.expr=up',
          fingerprint: '01af',
        },
        {
          status: 'resolved',
          labels: { alertname: 'B' },
          startsAt: '2025-12-31T23:59:00Z',
          endsAt: '2025-12-31T23:59:30Z',
        },
      ],
    };
    const [firing, resolved] = parseWebhook(body, now);
    expect(firing).toMatchObject({
      status: 'firing',
      startsAt: now - 59_500,
      fingerprint: '00000000000001af',
      generatorURL: 'http://p/graph?g0.expr=up',
    });
    expect(firing?.endsAt).toBeUndefined();
    expect(firing?.simulated).toBeUndefined();
    expect(resolved).toMatchObject({ status: 'resolved', endsAt: now - 30_000 });
  });

  test.each([
    [undefined],
    ['text'],
    [[]],
    [{}],
    [{ alerts: {} }],
    [{ alerts: [{}] }],
    [{ alerts: [{ labels: {} }] }],
    [{ alerts: [{ labels: { a: 1 } }] }],
    [{ alerts: [{ labels: { a: 'b' }, startsAt: 'soon' }] }],
    [{ alerts: [{ labels: { a: 'b' }, status: 'maybe' }] }],
    [{ alerts: [{ labels: { a: 'b' }, fingerprint: '../x' }] }],
  ])('refuses %j', (body) => {
    expect(() => parseWebhook(body, now)).toThrow(/^not an Alertmanager webhook body/);
  });
});

test('fingerprintOf() is Alertmanager’s', () => {
  // The empty set has FNV-1a's offset basis; {alertname="a"} was worked out by hand from the definition.
  expect(fingerprintOf(Labels.empty)).toBe('cbf29ce484222325');
  expect(fingerprintOf(Labels.from({ b: '2', a: '1' }))).toBe(fingerprintOf(Labels.from({ a: '1', b: '2' })));
  expect(fingerprintOf(Labels.from({ a: 'ü' }))).toMatch(/^[0-9a-f]{16}$/);
});

test.each([
  [{ alertname: 'A', instance: 'x' }, { __name__: 'up', instance: 'x' }, [], true],
  [{ alertname: 'A', instance: 'x' }, { __name__: 'up', instance: 'y' }, [], false],
  [{ alertname: 'A' }, { instance: 'y' }, [], true],
  [{ alertname: 'A', severity: 'page' }, { severity: 'low', instance: 'y' }, [], false],
  [{ alertname: 'A', severity: 'page' }, { severity: 'low', instance: 'y' }, ['severity'], true],
])('isSeriesOf(%j, %j) with rule labels %j is %s', (alert, series, ruleLabels, expected) => {
  expect(isSeriesOf(Labels.from(alert), Labels.from(series), ruleLabels)).toBe(expected);
});
