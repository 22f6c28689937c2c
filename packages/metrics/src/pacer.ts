/** How long work may hold the event loop before it lets others run, ms. */
const SLICE_MS = 5;

/**
 * Work that waits for its next slice. One gets its turn per round of the event loop, for there is one loop: many long
 * pieces of work at once must not hold it longer than one.
 */
const waiting: (() => void)[] = [];

function giveTurn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(giveTurn);
}

/**
 * Cuts long work into slices: `const pause = pacer.pause(); if (pause) await pause;` wherever it may be cut. Costs a
 * look at the clock: in tight loops ask every few dozen steps.
 */
export class Pacer {
  #sliceStart: number = performance.now();

  /** Undefined while there is time left; else a promise that resolves once others have run. */
  pause(): Promise<void> | undefined {
    if (performance.now() - this.#sliceStart < SLICE_MS) return undefined;
    return new Promise((resolve) => {
      waiting.push(() => {
        this.#sliceStart = performance.now();
        resolve();
      });
      if (waiting.length === 1) setImmediate(giveTurn);
    });
  }
}

/** Loops look at the clock once in so many steps. */
const STEPS = 16;

/**
 * Calls `each` with every item, with pauses. What is added to a map or set meanwhile is met as well.
 * @param pacer of the work that this is a part of, where there are many such parts: else each began a slice of its own
 */
export async function inSlices<T>(
  items: Iterable<T>,
  each: (item: T) => void,
  pacer: Pacer = new Pacer(),
): Promise<void> {
  let step = 0;
  for (const item of items) {
    each(item);
    if (++step % STEPS !== 0) continue;
    const pause = pacer.pause();
    if (pause) await pause;
  }
}

/** Those items that `keep` accepts, found with pauses. */
export async function filterInSlices<T>(items: Iterable<T>, keep: (item: T) => boolean): Promise<T[]> {
  const kept: T[] = [];
  await inSlices(items, (item) => {
    if (keep(item)) kept.push(item);
  });
  return kept;
}
