/** Messages to the receivers of alertmanager.yml that do not come out of its routing tree. */
import type { Alertmanager, NotifiedAlert } from '@prunella/alertmanager';
import type { HealingAlert, HealingMessage } from '@prunella/healing';
import { Labels } from '@prunella/metrics';
import { ReceiverError } from '@prunella/server';

const TIMEOUT_MS = 30_000;
const HEALING_ALERT = 'HealingNeedsAPerson';

/** Tells a receiver that an incident needs a person. @throws ReceiverError */
export function notifyThrough(
  alertmanager: Alertmanager,
): (receiver: string, message: HealingMessage) => Promise<void> {
  return (receiver, { title, text, incident }) => {
    const { alertname, severity, target } = incident;
    const labels = Labels.from({
      alertname: HEALING_ALERT,
      for_alert: alertname,
      severity: severity || 'critical',
      incident: incident.id,
      ...(target !== undefined && { service: target }),
    });
    const annotations = Labels.from({ summary: title, description: text });
    const now = alertmanager.now();
    return deliver(alertmanager, receiver, `healing/${incident.id}`, [
      {
        labels,
        annotations,
        status: 'firing',
        fingerprint: incident.id,
        startsAt: incident.startsAt,
        endsAt: now,
      },
    ]);
  };
}

/**
 * Hands alerts to each integration of a receiver, once. @throws ReceiverError when there is no such receiver, or when one
 * of the integrations could not deliver
 */
export async function deliver(
  alertmanager: Alertmanager,
  name: string,
  groupKey: string,
  alerts: readonly HealingAlert[],
): Promise<void> {
  const receiver = alertmanager.receivers.get(name);
  if (!receiver) throw new ReceiverError('not_found', `there is no receiver ${JSON.stringify(name)}`);
  const time = alertmanager.now();
  const notification = {
    groupKey,
    groupLabels: commonLabels(alerts),
    receiver: name,
    alerts: alerts.map((alert) => toNotified(alert, time)),
    time,
    reason: 'first notification' as const,
    routeLabels: Labels.empty,
  };
  const results = await Promise.allSettled(
    receiver.integrations.map((integration) =>
      integration.deliver(notification, AbortSignal.timeout(TIMEOUT_MS)),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw new ReceiverError('not_delivered', `${name}: ${(failed.reason as Error).message}`);
}

function toNotified(alert: HealingAlert, time: number): NotifiedAlert {
  const { labels, annotations, status, fingerprint, startsAt, endsAt = 0, generatorURL = '' } = alert;
  return {
    labels,
    annotations,
    status,
    fingerprint,
    startsAt,
    endsAt,
    generatorURL,
    updatedAt: time,
    timeout: false,
  };
}

function commonLabels(alerts: readonly HealingAlert[]): Labels {
  const [first] = alerts;
  if (!first) return Labels.empty;
  return Labels.fromEntries(
    [...first.labels].filter(([name, text]) => alerts.every((alert) => alert.labels.get(name) === text)),
  );
}
