import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

test('what is begun at once goes on in later rounds of the event loop when it takes long', async () => {
  const pace = new Pace();
  let rounds = 0;
  let counting = true;
  const count = (): void => {
    rounds++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const work = async (): Promise<number> => {
    const pause = pace.pause();
    if (pause) await pause;
    const until = performance.now() + 1;
    while (performance.now() < until);
    return rounds;
  };
  const done = await Promise.all(Array.from({ length: 30 }, work));
  counting = false;
  expect(done.slice(0, 16)).toEqual(Array.from({ length: 16 }, () => 0));
  expect(new Set(done).size).toBeGreaterThan(2);
});

test('a few at a time never wait', async () => {
  const pace = new Pace();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 16; i++) expect(pace.pause()).toBeUndefined();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
});
