import { bool, labelsOf, num, obj, objects, str } from '../json.ts';
import { request } from './http.ts';
import type { Labels } from './prometheus.ts';

/** One delivery of one group to one integration, with every attempt. */
export interface Notification {
  id: string;
  time: string;
  receiver: string;
  /** `webhook[0]` */
  integration: string;
  groupLabels: Labels;
  status: string;
  reason: string;
  delivered: boolean;
  error: string;
  attempts: { time: string; durationMs: number; answer: string; error: string }[];
  alertCount: number;
  alerts: { status: string; labels: Labels }[];
}

function notification(entry: Record<string, unknown>): Notification {
  return {
    id: str(entry['id']),
    time: str(entry['time']),
    receiver: str(entry['receiver']),
    integration: str(entry['integration']),
    groupLabels: labelsOf(entry['groupLabels']),
    status: str(entry['status']),
    reason: str(entry['reason']),
    delivered: entry['outcome'] === 'delivered',
    error: str(entry['error']),
    attempts: objects(entry['attempts']).map((attempt) => ({
      time: str(attempt['time']),
      durationMs: num(attempt['durationMs']) ?? 0,
      answer: str(attempt['answer']),
      error: str(attempt['error']),
    })),
    alertCount: num(entry['alertCount']) ?? 0,
    alerts: objects(entry['alerts']).map((alert) => ({
      status: str(alert['status']),
      labels: labelsOf(alert['labels']),
    })),
  };
}

/** Newest first. `outcome` and `receiver` narrow the list when they are not empty. */
export async function notifications(
  filter: { limit: number; receiver: string; outcome: string },
  signal?: AbortSignal,
): Promise<Notification[]> {
  const query = new URLSearchParams({ limit: String(filter.limit) });
  if (filter.receiver !== '') query.set('receiver', filter.receiver);
  if (filter.outcome !== '') query.set('outcome', filter.outcome);
  const answer = obj(await request(`/api/prunella/notifications?${query.toString()}`, { signal }));
  return objects(answer['notifications']).map(notification);
}

export interface Receiver {
  name: string;
  fallback: string;
  integrations: { name: string; sendResolved: boolean }[];
  last: Notification | undefined;
}

export async function receiverStates(signal?: AbortSignal): Promise<Receiver[]> {
  return objects(await request('/api/prunella/receivers', { signal })).map((entry) => ({
    name: str(entry['name']),
    fallback: str(entry['fallback']),
    integrations: objects(entry['integrations']).map((one) => ({
      name: str(one['name']),
      sendResolved: bool(one['sendResolved'], true),
    })),
    last: entry['last'] ? notification(obj(entry['last'])) : undefined,
  }));
}

export interface TrialResult {
  integration: string;
  /** Which message: that the test fires, or that it has resolved. */
  status: string;
  ok: boolean;
  answer: string;
  durationMs: number;
}

/**
 * Sends a message marked as a test to every integration of a receiver, and tells what each remote side said. With
 * `resolve` a second one says that it is over.
 */
export async function testReceiver(name: string, resolve: boolean): Promise<TrialResult[]> {
  const answer = obj(
    await request(`/api/prunella/receivers/${encodeURIComponent(name)}/test`, { body: { resolve } }),
  );
  return objects(answer['results']).map((result) => ({
    integration: str(result['integration']),
    status: str(result['status']),
    ok: bool(result['ok']),
    answer: str(result['answer']),
    durationMs: num(result['durationMs']) ?? 0,
  }));
}

/** Stops repeated messages of a firing alert until it resolves. */
export async function acknowledge(fingerprint: string, by: string, comment: string): Promise<void> {
  await request(`/api/prunella/alerts/${encodeURIComponent(fingerprint)}/acknowledge`, {
    body: { by, comment },
  });
}

export async function unacknowledge(fingerprint: string): Promise<void> {
  await request(`/api/prunella/alerts/${encodeURIComponent(fingerprint)}/acknowledge`, { method: 'DELETE' });
}
