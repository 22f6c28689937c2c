import { expect, test } from 'vitest';
import { Pacer } from './pacer.ts';

function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test('work within its slice is not interrupted', () => {
  expect(new Pacer().pause()).toBeUndefined();
});

test('others run between the slices of long work, and of several long works only one per round', async () => {
  const events: string[] = [];
  const long = async (name: string): Promise<void> => {
    const pacer = new Pacer();
    for (let slice = 0; slice < 3; slice++) {
      work(6);
      events.push(name);
      await pacer.pause();
    }
  };
  let going = true;
  const other = (): void => {
    events.push('other');
    if (going) setImmediate(other);
  };
  setImmediate(other);
  await Promise.all([long('a'), long('b')]);
  going = false;
  // The first slices are one after the other, because both began in this turn.
  expect(events.slice(2).join(' ')).not.toMatch(/[ab] [ab]/);
  expect(events.filter((event) => event !== 'other')).toHaveLength(6);
});
