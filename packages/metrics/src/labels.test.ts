import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareStrings,
  formatDecimal,
  formatDuration,
  formatFloat,
  isStaleAt,
  Labels,
  Matcher,
  parseDuration,
  parseFloatGo,
  setStaleAt,
  wordsOf,
} from './index.ts';

describe('Labels', () => {
  test('are sorted, and empty values are dropped', () => {
    const labels = Labels.from({ b: '2', a: '1', c: '' });
    expect(labels.pairs).toEqual(['a', '1', 'b', '2']);
    expect(labels.toString()).toBe('{a="1", b="2"}');
    expect(labels.with({ __name__: 'up', a: '' }).toString()).toBe('up{b="2"}');
  });

  test('compareStrings() orders like UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary' }).filter((s) => s.isWellFormed());
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareStrings(a, b))).toBe(
          Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))),
        );
      }),
    );
  });
});

describe('Matcher', () => {
  test.each([
    ['=~', 'a|b', ['a', 'b'], ['ab', '', 'c']],
    ['=~', '(a|b)', ['a', 'b'], ['ab', '']],
    ['=~', 'api-.*', ['api-', 'api-\n'], ['api', 'xapi-']],
    ['=~', 'api-.+', ['api-1'], ['api-', 'api']],
    ['=~', '(?i:UP)', ['up', 'Up'], ['upp']],
    ['=~', 'ab?c', ['ac', 'abc'], ['ab', 'abbc']],
    ['=~', 'a\\.b:1|c\\|d|e\\\\', ['a.b:1', 'c|d', 'e\\'], ['axb:1', 'c', 'd', 'e']],
    ['=~', 'a\\d|b', ['a1', 'b'], ['ad', 'a']],
    ['=~', 'x.y', ['x\ny'], ['xy']],
    ['=~', '', [''], ['a']],
    ['!~', '.+', [''], ['a']],
    ['!=', '', ['a'], ['']],
  ] as const)('%s%j', (type, value, matching, other) => {
    const matcher = new Matcher(type, 'l', value);
    for (const each of matching) expect(matcher.matches(each), each).toBe(true);
    for (const each of other) expect(matcher.matches(each), each).toBe(false);
  });

  test('refuses what RE2 refuses', () => {
    expect(() => new Matcher('=~', 'l', '(?=x)')).toThrow('invalid regular expression');
    expect(() => new Matcher('=~', 'l', 'a)(b.')).toThrow('unexpected ): `a)(b.`');
  });
});

describe('numbers and durations', () => {
  test.each([
    [0.1, '0.1', '0.1'],
    [1e21, '1e+21', '1000000000000000000000'],
    [1.5e-7, '1.5e-07', '0.00000015'],
    [0.0001, '0.0001', '0.0001'],
    [0.00001, '1e-05', '0.00001'],
    [-123456789.25, '-1.2345678925e+08', '-123456789.25'],
    [100000, '100000', '100000'],
    [-0, '-0', '-0'],
    [Infinity, '+Inf', '+Inf'],
  ])('%d', (value, float, decimal) => {
    expect(formatFloat(value)).toBe(float);
    expect(formatDecimal(value)).toBe(decimal);
    expect(parseFloatGo(float)).toBe(value);
  });

  test.each([
    ['0x1p-2', 0.25],
    ['1_000', undefined],
    ['+Inf', Infinity],
    ['nan', NaN],
    ['', undefined],
    ['1e', undefined],
    ['.5', 0.5],
    ['5.', 5],
  ])('parseFloatGo(%j)', (text, value) => expect(parseFloatGo(text)).toBe(value));

  test('durations are read and printed as Prometheus does', () => {
    expect(parseDuration('1h30m')).toBe(5_400_000);
    expect(formatDuration(5_400_000)).toBe('1h30m');
    expect(formatDuration(7 * 86_400_000)).toBe('1w');
    expect(formatDuration(8 * 86_400_000)).toBe('8d');
    expect(() => parseDuration('1m1h')).toThrow('not a valid duration string');
  });

  test('a stale marker is told from other NaNs by its bits', () => {
    const values = Float64Array.of(1, NaN, 0);
    setStaleAt(wordsOf(values), 2);
    expect([0, 1, 2].map((i) => isStaleAt(wordsOf(values), i))).toEqual([false, false, true]);
    expect(values[2]).toBeNaN();
  });
});

test('toObject() keeps every name, `__proto__` too', () => {
  const object = Labels.fromEntries([
    ['a', '1'],
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]).toObject();
  expect(Object.entries(object).sort(([a], [b]) => compareStrings(a, b))).toEqual([
    ['__proto__', 'x'],
    ['a', '1'],
    ['constructor', 'y'],
  ]);
});
