import { expect, test } from 'vitest';
import { blockRanges, plan, type Candidate } from './plan.ts';

test('ranges grow threefold', () => {
  expect(blockRanges(2, 60)).toEqual([2, 6, 18, 54]);
  expect(blockRanges(2, 5)).toEqual([2]);
});

/** Blocks as `from-to`, with `!` after them where a tenth of their series is deleted. */
function blocks(text: string): Candidate[] {
  return text.split(' ').map((each) => {
    const [minTime, maxTime] = each.replace('!', '').split('-').map(Number) as [number, number];
    return { ulid: each, minTime, maxTime, series: 100, tombstones: each.endsWith('!') ? 10 : 0 };
  });
}

const cases: [why: string, blocks: string, chosen: string][] = [
  ['one block', '0-20', ''],
  ['the newest is left alone', '0-20 20-40 40-60', ''],
  ['a full range', '0-20 20-40 40-60 60-80', '0-20 20-40 40-60'],
  ['a range with a gap that is over', '0-20 40-60 60-80', '0-20 40-60'],
  ['a range with a gap that newer blocks have passed', '0-20 20-40 60-80 80-100', '0-20 20-40'],
  ['a range not aligned is not full', '20-40 40-60 60-80 80-100', '20-40 40-60'],
  ['alone in its range', '0-20 60-80 80-100', ''],
  ['the longer range follows', '0-60 60-120 120-180 180-200', '0-60 60-120 120-180'],
  ['shorter ranges first', '0-60 60-120 120-180 180-200 200-220 220-240 240-260', '180-200 200-220 220-240'],
  ['overlapping ones come first', '0-20 20-40 30-50 40-60 60-80 80-100', '20-40 30-50 40-60'],
  ['one within another', '0-100 20-30 100-120', '0-100 20-30'],
  ['much deleted in a long block', '0-60! 60-80', '0-60!'],
  ['much deleted in a short block', '0-20! 20-40', ''],
];

test.each(cases)('%s: %s', (_, given, chosen) => {
  const found = plan(blocks(given), [20, 60, 180]);
  expect(found.map(({ ulid }) => ulid).join(' ')).toBe(chosen);
});
