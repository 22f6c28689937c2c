import { expect, test } from 'vitest';
import { FEATURES } from './features.ts';
import { parse } from './parse.ts';
import { print } from './print.ts';

test.each([
  ['mad_over_time(m[5m])', 'function "mad_over_time" is not enabled'],
  ['limitk(2, m)', 'limitk() is experimental and must be enabled'],
  ['rate(m[5m] anchored)', 'anchored modifier is experimental and not enabled'],
  ['m smoothed', 'smoothed modifier is experimental and not enabled'],
  ['a + fill(0) b', 'binop fill modifiers are experimental and not enabled'],
])('%s needs its feature', (text, reason) => {
  expect(() => parse(text)).toThrow(reason);
  expect(() => parse(text, { features: FEATURES })).not.toThrow();
});

test.each([
  ['m[1m+30s]', 'm[1m + 30s]'],
  ['m[step() + 1]', 'm[step() + 1]'],
  ['m offset -min_of(step(), 1s)', 'm offset -min_of(step(), 1s)'],
  ['rate(m[5m] smoothed)', 'rate(m[5m] smoothed)'],
  ['a + on (x) fill_left(2) b', 'a + on (x) fill_left (2) b'],
])('%s prints as %s and survives it', (text, printed) => {
  const features = FEATURES;
  expect(print(parse(text, { features }))).toBe(printed);
  expect(print(parse(printed, { features }))).toBe(printed);
});

test('start_timestamp() comes with start timestamps', () => {
  expect(() => parse('start_timestamp(m)')).toThrow('function "start_timestamp" is not enabled');
  expect(() => parse('start_timestamp(m)', { features: new Set(['use-start-timestamps']) })).not.toThrow();
});
