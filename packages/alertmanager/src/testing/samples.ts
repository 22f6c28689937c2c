/** For tests: alerts and notifications of which only what matters is spelled out. */
import { Labels } from '@prunella/metrics';
import { fingerprint } from '../fingerprint.ts';
import type { Notification, NotifiedAlert } from '../receivers/receiver.ts';

const START = Date.parse('2026-01-05T12:00:00Z');

export function sampleAlert(
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
  status: 'firing' | 'resolved' = 'firing',
): NotifiedAlert {
  const set = Labels.from(labels);
  return {
    fingerprint: fingerprint(set),
    labels: set,
    annotations: Labels.from(annotations),
    startsAt: START,
    endsAt: START + 60_000,
    generatorURL: 'http://prometheus.test/graph?g0.expr=up',
    updatedAt: START,
    timeout: false,
    status,
  };
}

export function sampleNotification(changes: Partial<Notification> = {}): Notification {
  return {
    groupKey: '{}:{alertname="A"}',
    groupLabels: Labels.from({ alertname: 'A' }),
    receiver: 'ops',
    alerts: [
      sampleAlert({ alertname: 'A', severity: 'critical', instance: 'i' }, { summary: 'It is broken' }),
    ],
    time: START + 10_000,
    reason: 'first notification',
    routeLabels: Labels.empty,
    ...changes,
  };
}
