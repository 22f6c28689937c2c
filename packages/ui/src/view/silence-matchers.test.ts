import { describe, expect, test } from 'vitest';
import { matcherText } from '../api/alertmanager.ts';
import { matchersProblem, parseMatcher } from './silence-matchers.ts';

describe('parseMatcher()', () => {
  const cases: [string, string | undefined][] = [
    ['alertname=Down', 'alertname="Down"'],
    ['path=~"/a.*"', 'path=~"/a.*"'],
    ['env != prod', 'env!="prod"'],
    ['team!~"a|b"', 'team!~"a|b"'],
    ['text="say \\"hi\\""', 'text="say \\"hi\\""'],
    ['mountpoint=/<b>', 'mountpoint="/<b>"'],
    ['empty=', 'empty=""'],
    ['no operator', undefined],
    ['=x', undefined],
  ];
  for (const [text, want] of cases) {
    test(`${text}`, () => {
      const parsed = parseMatcher(text);
      expect(parsed && matcherText(parsed)).toBe(want);
    });
  }
});

describe('matchersProblem()', () => {
  const of = (...texts: string[]): string =>
    matchersProblem(texts.flatMap((text) => parseMatcher(text) ?? []));
  test('silences that would match everything are refused, as Alertmanager does', () => {
    expect(of('a=x')).toBe('');
    expect(of('a=~.*')).toContain('empty value');
    expect(of('a!=x')).toContain('empty value');
    expect(of('a!=x', 'b=y')).toBe('');
    expect(of()).toBe('name at least one label');
    expect(of('a=~(')).toContain('not a regular expression');
  });
});
