import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangeLog } from './changes.ts';

test('tells no later time than that of any change since, and none where there was none', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 200 }),
      fc.nat(200),
      (times, at) => {
        const log = new ChangeLog();
        for (const time of times) log.note(time);
        const later = times.slice(at);
        const told = log.earliestSince(at);
        if (later.length === 0) expect(told).toBe(Infinity);
        else {
          expect(told).toBeLessThanOrEqual(Math.min(...later));
          // Not much earlier, either: changes within seconds are told together.
          expect(told).toBeGreaterThan(Math.min(...later) - 5000);
        }
      },
    ),
  );
});

test('forgets what is long ago, and says so', () => {
  const log = new ChangeLog();
  for (let i = 1; i <= 10_000; i++) log.note(i * 60_000);
  expect(log.earliestSince(1)).toBe(-Infinity);
  expect(log.earliestSince(9_999)).toBe(10_000 * 60_000);
  expect(log.earliestSince(10_000)).toBe(Infinity);
});
