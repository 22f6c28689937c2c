/** Messages for people, in plain text: chats, the console, the inbox page, the alert log. */
import type { Labels } from '@prunella/metrics';
import { notificationStatus, type Notification, type NotifiedAlert } from './receiver.ts';

const SIREN = '\u{1F6A8}';
const CHECK = '\u{2705}';
/** Stands where an alert does not say something that the form has a place for. */
const UNKNOWN = 'unknown';

/** `instanceDown on VM1`, or what several alerts have in common. */
export function messageTitle(notification: Notification): string {
  const { alerts } = notification;
  const [first] = alerts;
  const resolved = notificationStatus(notification) === 'resolved' ? 'Resolved: ' : '';
  if (alerts.length === 1 && first) {
    const instance = first.labels.get('instance');
    return `${resolved}${labelOr(first.labels, 'alertname')}${instance === '' ? '' : ` on ${instance}`}`;
  }
  const names = [...new Set(alerts.map((alert) => labelOr(alert.labels, 'alertname')))];
  const listed =
    names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  return `${resolved}${alerts.length} alerts: ${listed}`;
}

/** Every alert of the message, a blank line between them. */
export function messageText(notification: Notification): string {
  return notification.alerts.map(alertText).join('\n\n');
}

/**
 * One alert in three lines:
 * ```
 * 🚨 instanceDown (Severity: critical)
 * Instance: VM1
 * Target VM1 on localhost is down for more than 1 minute.
 * ```
 */
export function alertText(alert: NotifiedAlert): string {
  const name = labelOr(alert.labels, 'alertname');
  const severity = `(Severity: ${labelOr(alert.labels, 'severity')})`;
  const heading =
    alert.status === 'firing' ? `${SIREN} ${name} ${severity}` : `${CHECK} ${name} resolved ${severity}`;
  const count = alert.annotations.get('count');
  const description = alertDescription(alert) + (count === '' ? '' : ` (${count} times)`);
  const lines = [heading, `Instance: ${labelOr(alert.labels, 'instance')}`, description];
  const acknowledged = alert.annotations.get('acknowledged');
  if (acknowledged !== '') lines.push(`Acknowledged by ${acknowledged}`);
  return lines.join('\n');
}

export function alertDescription(alert: NotifiedAlert): string {
  const { annotations } = alert;
  return (
    annotations.get('description') ||
    annotations.get('summary') ||
    annotations.get('message') ||
    'No description.'
  );
}

function labelOr(labels: Labels, name: string): string {
  return labels.get(name) || UNKNOWN;
}
