import { ConfigError } from '@prunella/metrics/config';
import { describe, expect, test } from 'vitest';
import { lintRules, parseRuleFile } from '../index.ts';

function problems(text: string): string[] {
  try {
    parseRuleFile(text, 'a.yml');
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const group = (rule: string): string => `groups:\n  - name: g\n    rules:\n      - ${rule}\n`;

describe('parseRuleFile()', () => {
  test('reads every key, with defaults', () => {
    const text = `
groups:
  - name: g
    interval: 30s
    query_offset: 1m
    limit: 10
    labels: {team: a, tier: "1"}
    rules:
      - record: job:up:sum
        expr: sum   by(job) ( up )
        labels: {tier: 2.0}
      - alert: Down
        expr: up==0
        for: 1m30s
        keep_firing_for: 5m
        labels:
        annotations:
          summary: "{{ $labels.job }}"
  - name: h
`;
    const { file, groups } = parseRuleFile(text, 'a.yml');
    expect(file).toBe('a.yml');
    expect(JSON.parse(JSON.stringify(groups))).toEqual([
      {
        name: 'g',
        file: 'a.yml',
        interval: 30_000,
        queryOffset: 60_000,
        limit: 10,
        rules: [
          {
            type: 'recording',
            name: 'job:up:sum',
            expr: 'sum by (job) (up)',
            labels: { team: 'a', tier: '2.0' },
            line: 9,
          },
          {
            type: 'alerting',
            name: 'Down',
            expr: 'up == 0',
            for: 90_000,
            keepFiringFor: 300_000,
            labels: { team: 'a', tier: '1' },
            annotations: { summary: '{{ $labels.job }}' },
            line: 12,
          },
        ],
      },
      { name: 'h', file: 'a.yml', limit: 0, rules: [] },
    ]);
  });

  test.each([
    [
      'an expression that does not parse',
      group('{record: x, expr: "up +"}'),
      /^a.yml:4:21: group "g", rule 1, "x": could not parse expression: 1:5: parse error: unexpected end of input/,
    ],
    [
      'both kinds at once',
      group('{record: x, alert: y, expr: up}'),
      /^a.yml:4:10: group "g", rule 1, "y": only one of 'record' and 'alert' must be set/,
    ],
    [
      'neither kind',
      group('{expr: up}'),
      /^a.yml:4:9: group "g", rule 1, "": one of 'record' or 'alert' must be set/,
    ],
    ['no expression', group('{alert: x}'), /field 'expr' must be set in rule/],
    [
      '`for` in a recording rule',
      group('{record: x, expr: up, for: 1m}'),
      /^a.yml:4:31: .*invalid field 'for' in recording rule/,
    ],
    [
      'annotations in a recording rule',
      group('{record: x, expr: up, annotations: {a: b}}'),
      /invalid field 'annotations' in recording rule/,
    ],
    ['a bad metric name', group('{record: "a b", expr: up}'), /invalid recording rule name: a b/],
    [
      'a bad label name',
      group('{alert: x, expr: up, labels: {a-b: c}}'),
      /^a.yml:4:39: .*invalid label name: a-b/,
    ],
    [
      'the name as a label',
      group('{alert: x, expr: up, labels: {__name__: c}}'),
      /invalid label name: __name__/,
    ],
    [
      'a bad template',
      group('{alert: x, expr: up, annotations: {a: "{{ $nope }}"}}'),
      /annotation "a": template: __alert_x:1: undefined variable "\$nope"/,
    ],
    [
      'a bad duration',
      group('{alert: x, expr: up, for: 1x}'),
      /^a.yml:4:30: groups.0.rules.0.for: unknown unit "x" in duration "1x"/,
    ],
    ['an unknown key', group('{alert: x, expr: up, labelz: {}}'), /^a.yml:4:30: unknown key "labelz"/],
    ['a group without a name', 'groups:\n  - rules: []\n', /^a.yml:2:5: Groupname must not be empty/],
    [
      'a group twice',
      'groups:\n  - name: a\n  - name: a\n',
      /^a.yml:3:5: groupname: "a" is repeated in the same file/,
    ],
    ['a limit that is none', 'groups:\n  - name: a\n    limit: many\n', /limit: expected a whole number/],
  ])('refuses %s', (_, text, message) => {
    expect(problems(text).join('\n')).toMatch(message);
  });

  test('tells everything that is wrong at once', () => {
    const rules = '      - {record: x, expr: "a +"}\n      - {alert: y, expr: "b +"}\n';
    expect(problems(`groups:\n  - name: g\n    rules:\n${rules}`)).toHaveLength(2);
  });

  test('takes experimental functions only where they are enabled', () => {
    const text = group('{record: x, expr: "mad_over_time(m[5m])"}');
    expect(problems(text).join()).toContain('function "mad_over_time" is not enabled');
    const features = new Set(['promql-experimental-functions']);
    expect(parseRuleFile(text, 'a.yml', { features }).groups).toHaveLength(1);
  });

  test('an empty file has no groups', () => {
    expect(parseRuleFile('', 'a.yml').groups).toEqual([]);
    expect(parseRuleFile('groups:\n', 'a.yml').groups).toEqual([]);
  });
});

test('lintRules() warns of rules given twice, alerts without `for` and without words', () => {
  const text = `
groups:
  - name: g
    rules:
      - {record: x, expr: up, labels: {a: b}}
      - {record: x, expr: up}
      - {record: x, expr: up, labels: {a: b}}
      - {alert: A, expr: up}
      - {alert: B, expr: up, for: 1m, annotations: {summary: s}}
`;
  const warnings = lintRules([parseRuleFile(text, 'a.yml')]);
  expect(warnings.map(({ line, kind }) => `${line} ${kind}`)).toEqual([
    '7 duplicate-rules',
    '8 for',
    '8 annotations',
  ]);
  expect(warnings[0]?.message).toContain('a.yml:5');
});
