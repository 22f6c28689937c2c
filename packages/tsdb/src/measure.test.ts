import { expect, test } from 'vitest';
import { Distribution, Durations, timed } from './measure.ts';

test('observations are counted by size', () => {
  const sizes = Distribution.exponential(32, 1.5, 3);
  expect(sizes.bounds).toEqual([32, 48, 72]);
  for (const value of [1, 32, 33, 72, 73, 1000]) sizes.observe(value);
  expect(sizes.counts).toEqual([2, 1, 1, 2]);
  expect(sizes.sum).toBe(1211);
});

test('durations are summed up, and ranked', async () => {
  const durations = new Durations();
  expect(durations.quantile(0.5)).toBeNaN();
  for (let i = 1; i <= 100; i++) durations.observe(i);
  expect([durations.sum, durations.count]).toEqual([5050, 100]);
  expect([durations.quantile(0.5), durations.quantile(0.99), durations.quantile(1)]).toEqual([51, 100, 100]);
  await expect(timed(durations, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(durations.count).toBe(101);
});
