import { describe, expect, test } from 'vitest';
import { interpolateQuery, interpolateText, variablesIn } from './interpolate.ts';
import { chooseSteps, roundInterval } from './interval.ts';
import type { Scope, VariableValue } from './types.ts';

const one = (value: string): VariableValue => ({ values: [value], texts: [value], all: false, allValue: '' });
const several: VariableValue = { values: ['a.b', 'c'], texts: ['A', 'C'], all: false, allValue: '' };
const scope: Scope = new Map([
  ['job', one('shop')],
  ['path', one('C:\\a "b"')],
  ['many', several],
  ['everything', { ...several, all: true, allValue: '.+' }],
  ['expanded', { ...several, all: true }],
]);
const builtIns = { range: { from: 0, to: 3_600_000 }, step: 15_000, rate: 60_000 };

describe('interpolateQuery()', () => {
  const cases: [string, string][] = [
    ['up{job="$job"}', 'up{job="shop"}'],
    ['up{job="${job}"}', 'up{job="shop"}'],
    ['up{job="[[job]]"}', 'up{job="shop"}'],
    ['x{p="$path"}', 'x{p="C:\\\\a \\"b\\""}'],
    ['x{v=~"$many"}', 'x{v=~"(a\\\\.b|c)"}'],
    ['x{v=~"$everything"}', 'x{v=~".+"}'],
    ['x{v=~"$expanded"}', 'x{v=~"(a\\\\.b|c)"}'],
    ['x{v="${many:csv}"}', 'x{v="a.b,c"}'],
    ['x{v=~"${many:pipe}"}', 'x{v=~"a.b|c"}'],
    ['x{v="${many:text}"}', 'x{v="A + C"}'],
    ['rate(x[$__rate_interval])', 'rate(x[1m])'],
    ['rate(x[$__interval])', 'rate(x[15s])'],
    ['increase(x[$__range])', 'increase(x[3600s])'],
    ['x > $__range_s', 'x > 3600'],
    ['x{v="$unknown"}', 'x{v="$unknown"}'],
    ['x{v=~"a$"}', 'x{v=~"a$"}'],
  ];
  for (const [expr, want] of cases)
    test(`${expr}`, () => expect(interpolateQuery(expr, { scope, builtIns })).toBe(want));
  test('one value of a multi variable is escaped for a regular expression', () => {
    expect(
      interpolateQuery('x{i=~"$i"}', { scope: new Map([['i', one('127.0.0.1:80')]]), multi: new Set(['i']) }),
    ).toBe('x{i=~"127\\\\.0\\\\.0\\\\.1:80"}');
  });
});

test('interpolateText() writes what readers see', () => {
  expect(interpolateText('$job of $many and $everything', { scope })).toBe('shop of A + C and All');
});

test('variablesIn() names what an expression mentions', () => {
  expect(variablesIn('x{a="$a", b="${b:csv}", c="[[c]]"}')).toEqual(['a', 'b', 'c']);
});

describe('chooseSteps()', () => {
  const hour = { from: 0, to: 3_600_000 };
  test('the step is what the panel shows, but not below the scrape interval', () => {
    expect(chooseSteps({ range: hour, maxDataPoints: 1000, scrapeInterval: 15_000 })).toEqual({
      step: 15_000,
      rate: 60_000,
    });
    expect(
      chooseSteps({ range: { from: 0, to: 86_400_000 }, maxDataPoints: 800, scrapeInterval: 15_000 }),
    ).toEqual({ step: 120_000, rate: 135_000 });
  });
  test('a minimum of the panel holds', () =>
    expect(
      chooseSteps({ range: hour, maxDataPoints: 1000, minStep: 60_000, scrapeInterval: 15_000 }).step,
    ).toBe(60_000));
  test('no query asks for more than Prometheus gives', () => {
    const year = { from: 0, to: 365 * 86_400_000 };
    const { step } = chooseSteps({ range: year, maxDataPoints: 1e9, minStep: 1000, scrapeInterval: 1000 });
    expect((year.to - year.from) / step).toBeLessThanOrEqual(11_000);
  });
  test('roundInterval() gives round steps', () =>
    expect([1, 7, 900, 3600, 17_000, 50_000].map(roundInterval)).toEqual([1, 5, 1000, 5000, 15_000, 60_000]));
});
