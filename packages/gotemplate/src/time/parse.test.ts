import { describe, expect, test } from 'vitest';
import { alertmanagerFunctions } from '../functions/alertmanager.ts';
import { Template } from '../template.ts';
import { parseTime } from './parse.ts';

const render = (text: string): string =>
  new Template('')
    .funcs(alertmanagerFunctions(() => 0))
    .parse(text)
    .execute({});

describe('parseTime()', () => {
  test.each([
    ['2006-01-02T15:04:05Z07:00', '2026-01-05T12:34:56Z', '2026-01-05 12:34:56 +0000 UTC'],
    ['2006-01-02T15:04:05Z07:00', '2026-01-05T12:34:56.789+02:00', '2026-01-05 10:34:56.789 +0000 UTC'],
    ['Jan _2 2006 3:04PM -0700', 'Feb  3 2026 1:05PM -0530', '2026-02-03 18:35:00 +0000 UTC'],
    ['02/01/06 MST', '29/02/24 UTC', '2024-02-29 00:00:00 +0000 UTC'],
    ['January 2, 2006 15h04 Z0700', 'march 9, 1999 00h01 Z', '1999-03-09 00:01:00 +0000 UTC'],
  ])('%s of %s', (layout, text, expected) => {
    expect(parseTime(layout, text).UTC().String()).toBe(expected);
  });

  test.each([
    ['2006-01-02', '2026-02-30'],
    ['2006-01-02', '2026-1-05'],
    ['2006-01-02', '2026-01-05 x'],
    ['Jan 2', 'Foo 2'],
    ['15:04', '25:00'],
  ])('%s of %s fails', (layout, text) => {
    expect(() => parseTime(layout, text)).toThrow('parsing time');
  });

  test('a time without a zone is local', () => {
    expect(parseTime('2006-01-02 15:04', '2026-01-05 12:34').ms).toBe(new Date(2026, 0, 5, 12, 34).getTime());
  });

  test('toDate gives the zero time where mustToDate fails', () => {
    expect(
      render('{{ (toDate "2006-01-02 MST" "2026-01-05 UTC").Year }} {{ (toDate "2006" "x").IsZero }}'),
    ).toBe('2026 true');
    expect(() => render('{{ mustToDate "2006" "x" }}')).toThrow('error calling mustToDate: parsing time "x"');
  });
});
