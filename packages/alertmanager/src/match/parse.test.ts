import { Labels } from '@prunella/metrics';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchAll, Matcher, type MatcherType } from './matcher.ts';
import { parseMatchers } from './parse.ts';

const shown = (text: string): string => parseMatchers(text).join(', ');

describe('parseMatchers()', () => {
  test.each([
    ['foo=bar', 'foo="bar"'],
    [' foo = "bar" ', 'foo="bar"'],
    ['{foo="bar",baz!~"q.*"}', 'foo="bar", baz!~"q.*"'],
    ['{foo="bar",}', 'foo="bar"'],
    ['foo="bar",baz=qux', 'foo="bar", baz="qux"'],
    ['{}', ''],
    ['', ''],
    ['foo="bar",', 'foo="bar"'],
    ['"host.name"="a\\u00e9\\n"', '"host.name"="aé\\n"'],
    ['host.name=a', '"host.name"="a"'],
    ['🙂=🙂', '"🙂"="🙂"'],
    ['foo="a,b}c=d"', 'foo="a,b}c=d"'],
    // Only the classic grammar knows these.
    ['foo=', 'foo=""'],
    ['foo=a b', 'foo="a b"'],
    ['foo=~"a\\d+"', 'foo=~"a\\\\d+"'],
    ['foo=bar{}', 'foo="bar{"'],
    ['foo==bar=', 'foo="=bar="'],
    ['{foo="bar"', 'foo="bar"'],
    ['foo="bar"}', 'foo="bar"'],
    // Both know it, and differ: the classic meaning holds.
    ['foo="\\x41"', 'foo="\\\\x41"'],
  ])('%s', (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test.each([
    ',',
    'foo',
    '=bar',
    'foo="bar',
    'foo="a"b"',
    '{foo=bar,,}',
    'foo=~"("',
    'a b=c',
    '{foo="bar"}}x',
  ])('refuses %j', (text) => {
    expect(() => parseMatchers(text)).toThrow(/bad matcher format|unescaped double quote|regular expression/);
  });

  test('reads back what it prints', () => {
    const type = fc.constantFrom<MatcherType>('=', '!=');
    const any = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(any, type, fc.string({ unit: 'grapheme' }), (name, op, value) => {
        const matcher = new Matcher(name, op, value);
        fc.pre(!/["\\\p{Cc}]/u.test(name));
        expect(shown(`{${String(matcher)}}`)).toBe(String(matcher));
      }),
    );
  });
});

describe('Matcher', () => {
  test.each([
    ['a=~"x.*"', { a: 'xyz' }, true],
    ['a=~"x.*"', { a: 'x\nyz' }, false],
    ['a=~"b|c"', { a: 'c' }, true],
    ['a=~"b"', { a: 'bb' }, false],
    ['a=""', {}, true],
    ['a!=""', {}, false],
    ['a!~"b.*"', { a: 'c' }, true],
  ] as [string, Record<string, string>, boolean][])('%s on %j', (text, labels, expected) => {
    expect(matchAll(parseMatchers(text), Labels.from(labels))).toBe(expected);
  });
});
