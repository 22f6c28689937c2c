import { describe, expect, test } from 'vitest';
import type { ActiveAlert, AlertGroup } from '../api/alertmanager.ts';
import { filterGroups, filterProblem, stateOf, type AlertFilter } from './alert-filter.ts';

const alert = (
  name: string,
  more: Partial<ActiveAlert> = {},
  labels: Record<string, string> = {},
): ActiveAlert => ({
  fingerprint: name,
  labels: { alertname: name, ...labels },
  annotations: { summary: `${name} is broken` },
  startsAt: '',
  endsAt: '',
  generatorUrl: '',
  state: 'active',
  silencedBy: [],
  inhibitedBy: [],
  receivers: [],
  ...more,
});
const groups: AlertGroup[] = [
  {
    labels: {},
    receiver: 'ops',
    alerts: [
      alert('Down', {}, { severity: 'critical', path: '/a,b' }),
      alert('Slow', { silencedBy: ['1'] }, { severity: 'warning' }),
    ],
  },
  { labels: {}, receiver: 'db', alerts: [alert('Full', { inhibitedBy: ['1'] }, { severity: 'warning' })] },
];
const names = (filter: Partial<AlertFilter>): string[] =>
  filterGroups(groups, { text: '', receiver: '', state: '', ...filter }).flatMap((group) =>
    group.alerts.map((one) => one.fingerprint),
  );

describe('filterGroups()', () => {
  test.each<[Partial<AlertFilter>, string[]]>([
    [{}, ['Down', 'Slow', 'Full']],
    [{ receiver: 'db' }, ['Full']],
    [{ state: 'active' }, ['Down']],
    [{ state: 'silenced' }, ['Slow']],
    [{ state: 'inhibited' }, ['Full']],
    [{ text: 'severity="warning"' }, ['Slow', 'Full']],
    [{ text: 'severity=warning, alertname!=Full' }, ['Slow']],
    [{ text: 'alertname=~"D.*|F.*"' }, ['Down', 'Full']],
    [{ text: 'severity=~(critical|x{1,2})' }, ['Down']],
    [{ text: 'path="/a,b"' }, ['Down']],
    [{ text: 'missing=""' }, ['Down', 'Slow', 'Full']],
    [{ text: 'FULL IS' }, ['Full']],
    [{ text: 'down, severity=critical' }, ['Down']],
    [{ text: 'nothing' }, []],
    [{ text: 'a=~"("' }, ['Down', 'Slow', 'Full']],
  ])('%j', (filter, expected) => {
    expect(names(filter)).toEqual(expected);
  });

  test('says what is wrong, and what state an alert is in', () => {
    expect(filterProblem('a=~"("')).toContain('not a regular expression');
    expect(filterProblem('a="("')).toBe('');
    expect(groups.flatMap((group) => group.alerts.map(stateOf))).toEqual(['active', 'silenced', 'inhibited']);
  });
});
