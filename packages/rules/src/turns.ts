import { setImmediate } from 'node:timers/promises';

/** About a millisecond's work. */
const ITEMS_PER_TURN = 500;

/** Visits many items and lets the rest of the process have its turn now and then. */
export async function inTurns<T>(
  items: readonly T[],
  visit: (item: T) => void | Promise<void>,
): Promise<void> {
  for (const [i, item] of items.entries()) {
    if (i % ITEMS_PER_TURN === ITEMS_PER_TURN - 1) await setImmediate();
    const done = visit(item);
    if (done) await done;
  }
}
