import { readFileSync } from 'node:fs';
import { Labels } from '@prunella/metrics';
import { describe, expect, test } from 'vitest';
import { alertText, messageTitle } from './message.ts';
import { sampleAlert, sampleNotification } from '../testing/samples.ts';

const golden = (name: string): string =>
  readFileSync(new URL(`../testdata/${name}.txt`, import.meta.url), 'utf8');

describe('alertText()', () => {
  test.each([
    [
      'instance-down',
      'instanceDown',
      'critical',
      'VM1',
      'Target VM1 on localhost is down for more than 1 minute.',
    ],
    ['cpu-high', 'CPUHigh', 'warning', 'VM2', 'CPU usage is above 90%.'],
  ])('is byte for byte %s.txt', (file, alertname, severity, instance, description) => {
    const alert = sampleAlert({ alertname, severity, instance }, { description });
    expect(alertText(alert)).toBe(golden(file));
  });

  test('says "unknown" where a label is missing, and never "undefined"', () => {
    const text = alertText(sampleAlert({ job: 'x' }));
    expect(text).toBe('\u{1F6A8} unknown (Severity: unknown)\nInstance: unknown\nNo description.');
  });

  test('tells a resolved alert apart', () => {
    const alert = sampleAlert(
      { alertname: 'A', severity: 'info', instance: 'i' },
      { summary: 's' },
      'resolved',
    );
    expect(alertText(alert)).toBe('\u2705 A resolved (Severity: info)\nInstance: i\ns');
  });
});

test.each([
  [[{ alertname: 'A', instance: 'i' }], 'A on i'],
  [[{ alertname: 'A' }], 'A'],
  [
    [
      { alertname: 'A', x: '1' },
      { alertname: 'A', x: '2' },
    ],
    '2 alerts: A',
  ],
  [['A', 'B', 'C', 'D', 'E'].map((alertname) => ({ alertname })), '5 alerts: A, B, C and 2 more'],
])('messageTitle(%j) is %s', (labels, title) => {
  const alerts = labels.map((each) => sampleAlert(each as Record<string, string>));
  expect(messageTitle(sampleNotification({ alerts, groupLabels: Labels.empty }))).toBe(title);
});
