import type { ActiveAlert, AlertGroup, SilenceMatcher } from '../api/alertmanager.ts';
import { matcherProblem, parseMatcher } from './silence-matchers.ts';

export type AlertState = '' | 'active' | 'silenced' | 'inhibited';

export interface AlertFilter {
  /** `severity="critical", service=~"api|web"`; a word without an operator is looked for anywhere. */
  readonly text: string;
  /** '' = all. */
  readonly receiver: string;
  readonly state: AlertState;
}

/** Why nobody is told about an alert, or that somebody is. */
export function stateOf(alert: ActiveAlert): Exclude<AlertState, ''> {
  if (alert.silencedBy.length > 0) return 'silenced';
  return alert.inhibitedBy.length > 0 ? 'inhibited' : 'active';
}

/** The groups with the alerts that fit; those that keep none are left out. */
export function filterGroups(groups: readonly AlertGroup[], filter: AlertFilter): AlertGroup[] {
  const fits = alertTest(filter.text);
  return groups
    .filter((group) => filter.receiver === '' || group.receiver === filter.receiver)
    .map((group) => ({
      ...group,
      alerts: group.alerts.filter(
        (alert) => (filter.state === '' || stateOf(alert) === filter.state) && fits(alert),
      ),
    }))
    .filter((group) => group.alerts.length > 0);
}

/** What is wrong with a filter's text; '' = nothing. */
export function filterProblem(text: string): string {
  const matchers = parts(text).flatMap((part) => parseMatcher(part) ?? []);
  return matchers.map(matcherProblem).find((problem) => problem !== '') ?? '';
}

function alertTest(text: string): (alert: ActiveAlert) => boolean {
  if (filterProblem(text) !== '') return () => true;
  const tests = parts(text).map((part) => {
    const matcher = parseMatcher(part);
    return matcher ? matcherTest(matcher) : wordTest(part);
  });
  return (alert) => tests.every((test) => test(alert));
}

function matcherTest({ name, value, isRegex, isEqual }: SilenceMatcher): (alert: ActiveAlert) => boolean {
  const pattern = isRegex ? new RegExp(`^(?:${value})$`, 's') : undefined;
  return ({ labels }) => {
    const actual = labels[name] ?? '';
    return (pattern ? pattern.test(actual) : actual === value) === isEqual;
  };
}

function wordTest(word: string): (alert: ActiveAlert) => boolean {
  const wanted = word.toLowerCase();
  return ({ labels, annotations }) =>
    [...Object.values(labels), ...Object.values(annotations)].some((text) =>
      text.toLowerCase().includes(wanted),
    );
}

/** Parted at commas, but not at those in quotes or brackets. */
function parts(text: string): string[] {
  const found = text.match(/(?:"(?:\\.|[^"\\])*"|\([^)]*\)|\{[^}]*\}|[^,])+/g) ?? [];
  return found.map((part) => part.trim()).filter((part) => part !== '');
}
