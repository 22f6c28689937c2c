import { describe, expect, test } from 'vitest';
import { parse, ParseError, print } from './index.ts';

describe('parse() and print()', () => {
  test.each([
    ['sum(rate(a{b="c"}[5m])) by (le)', 'sum by (le) (rate(a{b="c"}[5m]))'],
    ['-2^2', '-2 ^ 2'],
    ['2^3^2', '2 ^ 3 ^ 2'],
    ['Inf^2 + +Inf', 'Inf ^ 2 + +Inf'],
    ['1 - 2 - 3', '1 - 2 - 3'],
    ['a offset 5m', 'a offset 5m'],
    ['a[5m] offset -1h @ 5', 'a[5m] @ 5.000 offset -1h'],
    ['a @ start() + b @ end()', 'a @ start() + b @ end()'],
    ['a * on(x) group_left(y) b', 'a * on (x) group_left (y) b'],
    ['100 - avg(rate(cpu{mode="idle"}[1m]))*100', '100 - avg(rate(cpu{mode="idle"}[1m])) * 100'],
    ['max_over_time(rate(a[1m])[10m:30s] offset 1m)', 'max_over_time(rate(a[1m])[10m:30s] offset 1m)'],
    ['{"my.metric", a="b"}', '{__name__="my.metric",a="b"}'],
    ['a and b or c unless d', 'a and b or c unless d'],
    ['topk(3, x) without (y)', 'topk without (y) (3, x)'],
    ['a == bool 1', 'a == bool 1'],
    ['{__name__=~"a|b"}', '{__name__=~"a|b"}'],
    ['sum(a) # a comment', 'sum(a)'],
    ['sum', 'sum'],
    ["label_replace(a, 'x', '$1', 'y', `(.*)`)", 'label_replace(a, "x", "$1", "y", "(.*)")'],
  ])('%s', (text, printed) => {
    expect(print(parse(text))).toBe(printed);
    expect(print(parse(printed))).toBe(printed);
  });

  test.each([
    ['', 'unknown position: parse error: no expression found in input'],
    ['sum(', '1:5: parse error: unclosed left parenthesis'],
    ['a{b=1}', "1:5: parse error: unexpected character inside braces: '1'"],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['rate(a)', 'expected type range vector in call to function "rate", got instant vector'],
    ['nope(a)', '1:1: parse error: unknown function with name "nope"'],
    ['1 == 1', 'comparisons between scalars must use BOOL modifier'],
    ['a and 1', 'set operator "and" not allowed in binary scalar expression'],
    ['"a" + 1', 'binary expression must contain only scalar and instant vector types'],
    ['a[5m', '1:5: parse error: unclosed left bracket'],
    ['a[0s]', 'duration must be greater than 0'],
    ['sum(a)[5m]', 'ranges only allowed for vector selectors'],
    ['a offset 1m offset 1m', 'offset may not be set multiple times'],
    ['a{b=~"("}', '1:3: parse error: error parsing regexp: missing closing ): `(`'],
    ['"a', '1:1: parse error: unterminated quoted string'],
    ['a $ b', "1:3: parse error: unexpected character: '$'"],
    ['clamp(a, 1)', 'expected 3 argument(s) in call to "clamp", got 2'],
    ['a\n  + )', "2:6: parse error: unexpected right parenthesis ')'"],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(ParseError);
  });

  test.each([
    ['deep nesting', `${'('.repeat(10_000)}1${')'.repeat(10_000)}`],
    ['a long chain of minuses', `${'-'.repeat(100_000)}1`],
    ['a megabyte', `a{b="${'x'.repeat(1 << 20)}"}`],
  ])('hostile input is refused quickly: %s', (_, text) => {
    const started = performance.now();
    expect(() => parse(text)).toThrow(ParseError);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
