import { Labels } from '@prunella/metrics';
import {
  notificationStatus,
  type Notification,
  type NotificationReason,
  type NotifiedAlert,
} from '../receivers/receiver.ts';

/** What templates and the webhook's body see of a message, under Alertmanager's names. */
export interface TemplateData {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly NotifiedAlert[];
  readonly groupLabels: Labels;
  readonly commonLabels: Labels;
  readonly commonAnnotations: Labels;
  readonly externalURL: string;
  readonly notificationReason: NotificationReason;
  readonly routeLabels: Labels;
}

export function templateData(notification: Notification, externalURL: string): TemplateData {
  const { alerts, groupLabels, reason, routeLabels } = notification;
  return {
    receiver: quoteRegex(notification.receiver),
    status: notificationStatus(notification),
    alerts,
    groupLabels,
    commonLabels: common(alerts.map((alert) => alert.labels)),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    externalURL,
    notificationReason: reason,
    routeLabels,
  };
}

/** Alertmanager quotes the receiver's name as for a regular expression; receivers of its payload rely on it. */
function quoteRegex(name: string): string {
  return name.replace(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);
}

/** What all sets say alike; a missing value is an empty one. */
function common([first, ...rest]: readonly Labels[]): Labels {
  if (!first || rest.length === 0) return first ?? Labels.empty;
  const shared: string[] = [];
  for (let i = 0; i < first.pairs.length; i += 2) {
    const name = first.pairs[i] as string;
    const value = first.pairs[i + 1] as string;
    if (rest.every((labels) => labels.get(name) === value)) shared.push(name, value);
  }
  return Labels.fromSortedPairs(shared);
}
