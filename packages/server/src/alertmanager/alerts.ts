import {
  annotationsFrom,
  compareForMessage,
  compareLabelSets,
  isResolved,
  matchAll,
  type Alert,
  type Alertmanager,
  type AlertStatus,
  type Group,
  type PostedAlert,
} from '@prunella/alertmanager';
import { Labels } from '@prunella/metrics';
import { Fields, parseBody, unreadable } from './body.ts';
import { ApiError } from './errors.ts';
import { flagParam, matchersParam, receiverFilter, type Query } from './query.ts';

/** `gettableAlert` of the OpenAPI file. */
interface ApiAlert {
  readonly annotations: Labels;
  readonly endsAt: string;
  readonly fingerprint: string;
  readonly receivers: readonly { readonly name: string }[];
  readonly startsAt: string;
  readonly status: AlertStatus & { readonly mutedBy: readonly string[] };
  readonly updatedAt: string;
  readonly generatorURL?: string;
  readonly labels: Labels;
}

/** The labels of a receiver, by which a request can choose. */
export function receiverLabels(alertmanager: Alertmanager, name: string): Labels {
  return Labels.from({ name, ...alertmanager.receivers.get(name)?.labels });
}

/** `GET /alerts`, by fingerprint. @throws ApiError */
export function getAlerts(alertmanager: Alertmanager, query: Query): ApiAlert[] {
  const wanted = alertFilter(alertmanager, query);
  const wantsReceiver = receiverFilter(query, (name) => receiverLabels(alertmanager, name));
  const found: ApiAlert[] = [];
  for (const alert of alertmanager.alerts()) {
    const status = wanted(alert);
    if (!status) continue;
    const receivers = receiversOf(alertmanager, alert);
    if (receivers.some(wantsReceiver))
      found.push(toApi(alertmanager.decorate(alert), receivers, { ...status, mutedBy: [] }));
  }
  return found.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
}

/** `GET /alerts/groups`, by group labels, then receiver. @throws ApiError */
export function getAlertGroups(alertmanager: Alertmanager, query: Query): object[] {
  const wanted = alertFilter(alertmanager, query);
  const wantsReceiver = receiverFilter(query, (name) => receiverLabels(alertmanager, name));
  const showMuted = flagParam(query, 'muted', true);
  const groups = [...alertmanager.groups()].filter((group) => wantsReceiver(group.route.options.receiver));
  return groups.sort(compareGroups).flatMap((group) => {
    const mutedBy = alertmanager.timeMutedBy(group.route);
    if (!showMuted && mutedBy.length > 0) return [];
    const receiver = group.route.options.receiver;
    const alerts = [...group.alerts].sort(compareForMessage).flatMap((alert) => {
      const status = wanted(alert);
      if (!status) return [];
      const state = mutedBy.length > 0 ? 'suppressed' : status.state;
      return [
        toApi(alertmanager.decorate(alert), receiversOf(alertmanager, alert).filter(wantsReceiver), {
          ...status,
          state,
          mutedBy,
        }),
      ];
    });
    return alerts.length === 0 ? [] : [{ alerts, labels: group.labels, receiver: { name: receiver } }];
  });
}

function receiversOf(alertmanager: Alertmanager, alert: Alert): string[] {
  const routes = alertmanager.configuration?.route.match(alert.labels) ?? [];
  return [...new Set(routes.map((route) => route.options.receiver))];
}

function compareGroups(a: Group, b: Group): number {
  const x = a.route.options.receiver;
  const y = b.route.options.receiver;
  return compareLabelSets(a.labels, b.labels) || (x < y ? -1 : Number(x > y));
}

/** @returns the status of an alert that the query wants, undefined for others */
function alertFilter(alertmanager: Alertmanager, query: Query): (alert: Alert) => AlertStatus | undefined {
  const matchers = matchersParam(query, 'filter');
  const active = flagParam(query, 'active', true);
  const silenced = flagParam(query, 'silenced', true);
  const inhibited = flagParam(query, 'inhibited', true);
  const now = alertmanager.now();
  return (alert) => {
    if (isResolved(alert, now) || !matchAll(matchers, alert.labels)) return undefined;
    const status = alertmanager.status(alert);
    if (!active && status.state === 'active') return undefined;
    if (!silenced && status.silencedBy.length > 0) return undefined;
    return !inhibited && status.inhibitedBy.length > 0 ? undefined : status;
  };
}

function toApi(alert: Alert, receivers: readonly string[], status: ApiAlert['status']): ApiAlert {
  return {
    annotations: alert.annotations,
    endsAt: new Date(alert.endsAt).toISOString(),
    fingerprint: alert.fingerprint,
    receivers: receivers.map((name) => ({ name })),
    startsAt: new Date(alert.startsAt).toISOString(),
    status,
    updatedAt: new Date(alert.updatedAt).toISOString(),
    ...(alert.generatorURL !== '' && { generatorURL: alert.generatorURL }),
    labels: alert.labels,
  };
}

/** `POST /alerts`: what is valid is taken, also where something else is not. @throws ApiError */
export async function postAlerts(alertmanager: Alertmanager, raw: unknown): Promise<void> {
  const body = parseBody(raw, 'alerts');
  if (body !== null && !Array.isArray(body)) {
    throw unreadable(
      'alerts',
      `json: cannot unmarshal ${typeof body} into Go value of type models.PostableAlerts`,
    );
  }
  const posted = ((body ?? []) as readonly unknown[]).map(readAlert);
  const faults = posted.flatMap(({ fault }) => fault ?? []);
  const valid = posted.flatMap(({ alert }) => alert ?? []);
  faults.push(...(await alertmanager.post(valid)));
  if (faults.length > 0) throw ApiError.plain(400, faults.join('\n'));
}

function readAlert(value: unknown, index: number): { alert?: PostedAlert; fault?: string } {
  const fields = new Fields(value, 'alerts', `${index}.`);
  const annotations = fields.textMap('annotations') ?? {};
  const startsAt = known(fields.time('startsAt'));
  const endsAt = known(fields.time('endsAt'));
  const generatorURL = fields.text('generatorURL') ?? '';
  const labels = fields.required('labels', fields.textMap('labels'));
  if (!isUri(generatorURL)) {
    const shown = JSON.stringify(generatorURL);
    throw ApiError.invalid(601, `${index}.generatorURL in body must be of type uri: ${shown}`);
  }
  for (const [what, names] of [
    ['label set', labels],
    ['annotations', annotations],
  ] as const) {
    if ('' in names && names[''] !== '') return { fault: `invalid ${what}: invalid name ""` };
  }
  return {
    alert: {
      labels: Labels.from(labels),
      annotations: annotationsFrom(annotations),
      generatorURL,
      ...(startsAt !== undefined && { startsAt }),
      ...(endsAt !== undefined && { endsAt }),
    },
  };
}

/** Go's zero time says nothing. */
function known(time: number | undefined): number | undefined {
  return time === Date.parse('0001-01-01T00:00:00Z') ? undefined : time;
}

/** As Go's `url.ParseRequestURI`: with a scheme, or an absolute path. */
function isUri(text: string): boolean {
  return text === '' || /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)[^\p{Cc}]*$/u.test(text);
}
