import { bool, labelsOf, obj, objects, str, strings } from '../json.ts';
import { request } from './http.ts';
import type { Labels } from './prometheus.ts';

export interface ActiveAlert {
  fingerprint: string;
  labels: Labels;
  annotations: Labels;
  startsAt: string;
  endsAt: string;
  generatorUrl: string;
  state: 'active' | 'suppressed' | 'unprocessed';
  silencedBy: string[];
  inhibitedBy: string[];
  receivers: string[];
}

export interface AlertGroup {
  labels: Labels;
  receiver: string;
  alerts: ActiveAlert[];
}

function alert(entry: Record<string, unknown>): ActiveAlert {
  const status = obj(entry['status']);
  const state = str(status['state']);
  return {
    fingerprint: str(entry['fingerprint']),
    labels: labelsOf(entry['labels']),
    annotations: labelsOf(entry['annotations']),
    startsAt: str(entry['startsAt']),
    endsAt: str(entry['endsAt']),
    generatorUrl: str(entry['generatorURL']),
    state: state === 'suppressed' || state === 'unprocessed' ? state : 'active',
    silencedBy: strings(status['silencedBy']),
    inhibitedBy: strings(status['inhibitedBy']),
    receivers: objects(entry['receivers']).map((receiver) => str(receiver['name'])),
  };
}

export async function alertGroups(signal?: AbortSignal): Promise<AlertGroup[]> {
  return objects(await request('/api/v2/alerts/groups', { signal })).map((group) => ({
    labels: labelsOf(group['labels']),
    receiver: str(obj(group['receiver'])['name']),
    alerts: objects(group['alerts']).map(alert),
  }));
}

/** Active alerts that pass the matchers (`name="value"`, `=~`, `!=`, `!~`). */
export async function alerts(filter: string[], signal?: AbortSignal): Promise<ActiveAlert[]> {
  const query = new URLSearchParams(filter.map((matcher) => ['filter', matcher]));
  return objects(await request(`/api/v2/alerts?${query.toString()}`, { signal })).map(alert);
}

export interface SilenceMatcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export interface Silence {
  id: string;
  state: 'active' | 'pending' | 'expired';
  matchers: SilenceMatcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  updatedAt: string;
}

function silence(entry: Record<string, unknown>): Silence {
  const state = str(obj(entry['status'])['state']);
  return {
    id: str(entry['id']),
    state: state === 'pending' || state === 'expired' ? state : 'active',
    matchers: objects(entry['matchers']).map((matcher) => ({
      name: str(matcher['name']),
      value: str(matcher['value']),
      isRegex: bool(matcher['isRegex']),
      isEqual: bool(matcher['isEqual'], true),
    })),
    startsAt: str(entry['startsAt']),
    endsAt: str(entry['endsAt']),
    createdBy: str(entry['createdBy']),
    comment: str(entry['comment']),
    updatedAt: str(entry['updatedAt']),
  };
}

export async function silences(signal?: AbortSignal): Promise<Silence[]> {
  return objects(await request('/api/v2/silences', { signal })).map(silence);
}

export type NewSilence = Pick<Silence, 'matchers' | 'startsAt' | 'endsAt' | 'createdBy' | 'comment'> & {
  id?: string;
};

/** Creates a silence, or changes the one whose id is given. Gives its id. */
export async function postSilence(body: NewSilence): Promise<string> {
  return str(obj(await request('/api/v2/silences', { body }))['silenceID']);
}

export async function expireSilence(id: string): Promise<void> {
  await request(`/api/v2/silence/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** A matcher as people write it: `service=~"api|web"`. */
export function matcherText(matcher: SilenceMatcher): string {
  const operator = matcher.isRegex ? (matcher.isEqual ? '=~' : '!~') : matcher.isEqual ? '=' : '!=';
  return `${matcher.name}${operator}${JSON.stringify(matcher.value)}`;
}
