import { AGGREGATIONS, FUNCTIONS, KEYWORDS } from '@prunella/promql/parser';
import { describe, expect, test } from 'vitest';
import { metricsIn } from '../dashboard/metrics-in.ts';
import { contextAt, errorPosition, rankSuggestions, wordSuggestions } from './complete.ts';
import { tokenize } from './tokens.ts';
import { aggregations, functions, keywords } from './words.ts';

const kinds = (expr: string): string =>
  tokenize(expr)
    .filter((token) => token.kind !== 'space')
    .map((token) => `${token.text}:${token.kind}`)
    .join(' ');

describe('tokenize()', () => {
  test('every character belongs to exactly one token', () => {
    for (const expr of [
      'sum by (a) (rate(x{b="c\\"d"}[5m])) > 1e3 # why',
      'x{a="unfinished',
      '💥 ?? }{',
      '`raw` \n # c',
    ]) {
      expect(
        tokenize(expr)
          .map((token) => token.text)
          .join(''),
      ).toBe(expr);
    }
  });
  const cases: [string, string][] = [
    [
      'rate(x[5m])',
      'rate:function (:punctuation x:metric [:punctuation 5m:duration ]:punctuation ):punctuation',
    ],
    [
      'sum by (job) (up)',
      'sum:function by:keyword (:punctuation job:label ):punctuation (:punctuation up:metric ):punctuation',
    ],
    [
      'up{job="a"} offset 1h',
      'up:metric {:punctuation job:label =:operator "a":string }:punctuation offset:keyword 1h:duration',
    ],
    ['a:b:c > bool 0.5', 'a:b:c:metric >:operator bool:keyword 0.5:number'],
    ['x[$__rate_interval]', 'x:metric [:punctuation $__rate_interval:variable ]:punctuation'],
    ['rate', 'rate:metric'],
  ];
  for (const [expr, want] of cases) test(`${expr}`, () => expect(kinds(expr)).toBe(want));
});

describe('contextAt()', () => {
  const at = (marked: string): ReturnType<typeof contextAt> =>
    contextAt(marked.replace('|', ''), marked.indexOf('|'));
  const cases: [string, object][] = [
    ['ra|', { kind: 'word', prefix: 'ra', from: 0 }],
    ['sum(ht|)', { kind: 'word', prefix: 'ht', from: 4 }],
    ['up{jo|}', { kind: 'label', prefix: 'jo', metric: 'up' }],
    ['up{|', { kind: 'label', prefix: '', metric: 'up' }],
    ['up{job="sh|"}', { kind: 'value', prefix: 'sh', label: 'job', metric: 'up' }],
    ['up{job="sh|', { kind: 'value', prefix: 'sh', label: 'job' }],
    ['up{a="b", job=~"|"}', { kind: 'value', prefix: '', label: 'job' }],
    ['sum by (in|) (up)', { kind: 'label', prefix: 'in', metric: 'up' }],
    ['sum(up) by (|)', { kind: 'label', prefix: '', metric: 'up' }],
    ['up # comm|', { kind: 'none' }],
  ];
  for (const [marked, want] of cases) test(`${marked}`, () => expect(at(marked)).toMatchObject(want));
});

test('rankSuggestions() puts beginnings first', () => {
  expect(rankSuggestions(wordSuggestions(), 'rate').map((item) => item.text)[0]).not.toBe('rate');
  expect(rankSuggestions(wordSuggestions(), 'hist').every((item) => item.text.startsWith('hist'))).toBe(true);
});

test('errorPosition() reads the place that Prometheus names', () => {
  expect(errorPosition('invalid parameter "query": 1:5: parse error: unexpected end of input')).toEqual({
    line: 1,
    column: 5,
    text: 'parse error: unexpected end of input',
  });
  expect(errorPosition('query timed out')).toBeUndefined();
});

test('metricsIn() finds the metrics and nothing else', () => {
  expect(
    metricsIn(
      'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{job="a"}[5m]))) / up',
    ),
  ).toEqual(['http_request_duration_seconds_bucket', 'up']);
});

test('the editor knows every word that the engine knows', () => {
  expect([...functions.keys()].sort()).toEqual([...FUNCTIONS.keys()].sort());
  expect([...aggregations.keys()].sort()).toEqual([...AGGREGATIONS.keys()].sort());
  expect([...keywords].sort()).toEqual([...KEYWORDS, 'and', 'or', 'unless', 'atan2'].sort());
});
