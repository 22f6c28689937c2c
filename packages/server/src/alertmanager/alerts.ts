import {
  annotationsFrom,
  compareForMessage,
  compareLabelSets,
  isResolved,
  labelsFrom,
  matchAll,
  parseTime,
  type Alert,
  type Alertmanager,
  type AlertStatus,
  type Group,
  type PostedAlert,
} from '@prunella/alertmanager';
import { inSlices, Labels } from '@prunella/metrics';
import type { Readable } from 'node:stream';
import { Fields, parseBody, unreadable } from './body.ts';
import { ApiError } from './errors.ts';
import { jsonStream } from './json-stream.ts';
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
export async function getAlerts(alertmanager: Alertmanager, query: Query): Promise<Readable> {
  const wanted = alertFilter(alertmanager, query);
  const wantsReceiver = receiverFilter(query, (name) => receiverLabels(alertmanager, name));
  // Fingerprints are spread evenly: the alerts of one first byte are sorted in no time.
  const byStart = Array.from({ length: 256 }, (): Alert[] => []);
  await inSlices(alertmanager.alerts(), (alert) =>
    byStart[Number.parseInt(alert.fingerprint.slice(0, 2), 16)]?.push(alert),
  );
  return jsonStream(alertTexts(alertmanager, byStart, wanted, wantsReceiver));
}

function* alertTexts(
  alertmanager: Alertmanager,
  byStart: readonly Alert[][],
  wanted: AlertFilter,
  wantsReceiver: (name: string) => boolean,
): Generator<string> {
  let separator = '[';
  for (const alerts of byStart) {
    for (const alert of alerts.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))) {
      const status = wanted(alert);
      const receivers = status ? receiversOf(alertmanager, alert) : [];
      if (!status || !receivers.some(wantsReceiver)) continue;
      const shown = toApi(alertmanager.decorate(alert), receivers, { ...status, mutedBy: [] });
      yield separator + JSON.stringify(shown);
      separator = ',';
    }
  }
  yield separator === '[' ? '[]\n' : ']\n';
}

/** `GET /alerts/groups`, by group labels, then receiver. @throws ApiError */
export function getAlertGroups(alertmanager: Alertmanager, query: Query): Readable {
  const wanted = alertFilter(alertmanager, query);
  const wantsReceiver = receiverFilter(query, (name) => receiverLabels(alertmanager, name));
  const showMuted = flagParam(query, 'muted', true);
  const groups = [...alertmanager.groups()]
    .filter((group) => wantsReceiver(group.route.options.receiver))
    .filter((group) => showMuted || alertmanager.timeMutedBy(group.route).length === 0)
    .sort(compareGroups);
  return jsonStream(groupTexts(alertmanager, groups, wanted, wantsReceiver));
}

function* groupTexts(
  alertmanager: Alertmanager,
  groups: readonly Group[],
  wanted: AlertFilter,
  wantsReceiver: (name: string) => boolean,
): Generator<string> {
  let separator = '[';
  for (const group of groups) {
    const mutedBy = alertmanager.timeMutedBy(group.route);
    let begin = `${separator}{"alerts":[`;
    for (const alert of [...group.alerts].sort(compareForMessage)) {
      const status = wanted(alert);
      if (!status) continue;
      const state = mutedBy.length > 0 ? 'suppressed' : status.state;
      const receivers = receiversOf(alertmanager, alert).filter(wantsReceiver);
      const shown = toApi(alertmanager.decorate(alert), receivers, { ...status, state, mutedBy });
      yield begin + JSON.stringify(shown);
      begin = separator = ',';
    }
    if (begin !== ',') continue;
    const rest = {
      labels: group.labels,
      receiver: { name: group.route.options.receiver },
      routeLabels: alertmanager.routeLabels(group),
    };
    yield `],${JSON.stringify(rest).slice(1)}`;
  }
  yield separator === '[' ? '[]\n' : ']\n';
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

/** The status of an alert that the query wants, undefined for others. */
type AlertFilter = (alert: Alert) => AlertStatus | undefined;

function alertFilter(alertmanager: Alertmanager, query: Query): AlertFilter {
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
  const alerts = (body ?? []) as unknown[];
  let index = 0;
  await inSlices(alerts, (each) => checkAlert(each, index++));
  const faults: string[] = [];
  await alertmanager.post(readAlerts(alerts as JsonAlert[], faults), faults);
  if (faults.length > 0) throw ApiError.plain(400, faults.join('\n'));
}

/** What is left of an alert's JSON once `checkAlert()` has found nothing wrong with it. */
interface JsonAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly startsAt?: string | null;
  readonly endsAt?: string | null;
  readonly generatorURL?: string | null;
}

/** @throws ApiError where the whole body is refused because of this one */
function checkAlert(value: unknown, index: number): void {
  const fields = new Fields(value, 'alerts', `${index}.`);
  fields.textMap('annotations');
  fields.time('startsAt');
  fields.time('endsAt');
  const generatorURL = fields.text('generatorURL') ?? '';
  fields.required('labels', fields.textMap('labels'));
  if (isUri(generatorURL)) return;
  const shown = JSON.stringify(generatorURL);
  throw ApiError.invalid(601, `${index}.generatorURL in body must be of type uri: ${shown}`);
}

/** One after the other, so that of thousands of them no more is in memory than there has to be. Empties the list. */
function* readAlerts(alerts: (JsonAlert | undefined)[], faults: string[]): Generator<PostedAlert> {
  for (let i = 0; i < alerts.length; i++) {
    const alert = alerts[i] as JsonAlert;
    alerts[i] = undefined;
    const labels = labelsFrom(alert.labels);
    const annotations = annotationsFrom(alert.annotations ?? {});
    if (labels.has('')) faults.push('invalid label set: invalid name ""');
    else if (annotations.get('') !== '') faults.push('invalid annotations: invalid name ""');
    else
      yield {
        labels,
        annotations,
        startsAt: timeOf(alert.startsAt),
        endsAt: timeOf(alert.endsAt),
        generatorURL: alert.generatorURL ?? '',
      };
  }
}

const ZERO = Date.parse('0001-01-01T00:00:00Z');

/** Go's zero time says nothing. */
function timeOf(text: string | null | undefined): number | undefined {
  const time = text ? parseTime(text) : undefined;
  return time === ZERO ? undefined : time;
}

/** As Go's `url.ParseRequestURI`: with a scheme, or an absolute path. */
function isUri(text: string): boolean {
  return text === '' || /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|\/)[^\p{Cc}]*$/u.test(text);
}
