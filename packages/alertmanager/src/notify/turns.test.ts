import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('Turns: so many at once, in order, and who gives up holds no place', async () => {
  const turns = new Turns(1);
  const never = new AbortController().signal;
  const abort = new AbortController();
  expect(await turns.take(never)).toBe(true);
  const order: string[] = [];
  const second = turns.take(abort.signal).then((has) => order.push(`second ${has}`));
  const third = turns.take(never).then((has) => order.push(`third ${has}`));
  abort.abort();
  await second;
  turns.release();
  await third;
  expect(order).toEqual(['second false', 'third true']);
  turns.release();
  expect(await turns.take(never)).toBe(true);
  expect(await turns.take(abort.signal)).toBe(false);
});
