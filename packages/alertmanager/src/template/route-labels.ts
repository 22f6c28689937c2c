import { Labels } from '@prunella/metrics';
import type { Notification } from '../receivers/receiver.ts';
import type { Route } from '../route.ts';
import { templateData } from './data.ts';
import type { Templates } from './templates.ts';

/** What the labels of a route may be made of. */
export type RouteLabelsSource = Pick<Notification, 'groupKey' | 'groupLabels' | 'alerts' | 'time'>;

/**
 * The labels of a route, whose values may be templates over the message that they come with. One that fails becomes a
 * label that says so, as in annotations of Prometheus: people must be told of the alerts all the same.
 */
export function expandRouteLabels(
  { options }: Route,
  source: RouteLabelsSource,
  { templates, externalUrl }: { readonly templates: Templates; readonly externalUrl: string },
): Labels {
  const entries = Object.entries(options.labels);
  if (entries.length === 0) return Labels.empty;
  const notification: Notification = {
    ...source,
    receiver: options.receiver,
    reason: 'first notification',
    routeLabels: Labels.empty,
  };
  const data = templateData(notification, externalUrl);
  const expand = (template: string): string => {
    try {
      return templates.text(template, data);
    } catch (error) {
      return `<error expanding template: ${(error as Error).message}>`;
    }
  };
  return Labels.fromEntries(entries.map(([name, value]) => [name, expand(value)]));
}
