import { bool, objects, obj, str, strings } from '../json.ts';
import type { SilenceMatcher } from './alertmanager.ts';
import { request } from './http.ts';

/** One of Alertmanager's time intervals: what is left out does not limit. */
export interface TimePeriod {
  times: { start_time: string; end_time: string }[];
  /** `monday`, `monday:friday` */
  weekdays: string[];
  days_of_month: string[];
  months: string[];
  years: string[];
  /** IANA name; '' is UTC. */
  location: string;
}

/** A silence that comes back with its time intervals. */
export interface RecurringSilence {
  id: string;
  matchers: SilenceMatcher[];
  intervals: TimePeriod[];
  createdBy: string;
  comment: string;
}

export async function recurringSilences(signal?: AbortSignal): Promise<RecurringSilence[]> {
  const answer = obj(await request('/api/prunella/recurring-silences', { signal }));
  return objects(answer['recurringSilences']).map((entry) => ({
    id: str(entry['id']),
    matchers: objects(entry['matchers']).map((matcher) => ({
      name: str(matcher['name']),
      value: str(matcher['value']),
      isRegex: bool(matcher['isRegex']),
      isEqual: bool(matcher['isEqual'], true),
    })),
    intervals: objects(entry['intervals']).map((interval) => ({
      times: objects(interval['times']).map((time) => ({
        start_time: str(time['start_time']),
        end_time: str(time['end_time']),
      })),
      weekdays: strings(interval['weekdays']),
      days_of_month: strings(interval['days_of_month']),
      months: strings(interval['months']),
      years: strings(interval['years']),
      location: str(interval['location']),
    })),
    createdBy: str(entry['createdBy']),
    comment: str(entry['comment']),
  }));
}

export type NewRecurringSilence = Pick<RecurringSilence, 'matchers' | 'createdBy' | 'comment'> & {
  intervals: Partial<TimePeriod>[];
};

export async function addRecurringSilence(body: NewRecurringSilence): Promise<void> {
  await request('/api/prunella/recurring-silences', { body });
}

export async function removeRecurringSilence(id: string): Promise<void> {
  await request(`/api/prunella/recurring-silences/${encodeURIComponent(id)}`, { method: 'DELETE' });
}
