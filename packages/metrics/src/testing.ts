import type { Clock, Timer } from './clock.ts';

interface Pending {
  at: number;
  order: number;
  callback: () => void;
}

/** A clock that stands still until told to move: tests of timers run without waiting. */
export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  readonly #pending = new Set<Pending>();

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): Timer {
    const pending = { at: this.#now + Math.max(0, delay), order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => this.#pending.delete(pending) };
  }

  /** Moves on by `ms`, firing timers in order and letting what they started settle before the next one. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#pending.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #next(end: number): Pending | undefined {
    let first: Pending | undefined;
    for (const each of this.#pending) {
      if (each.at > end) continue;
      if (!first || each.at < first.at || (each.at === first.at && each.order < first.order)) first = each;
    }
    return first;
  }
}

/** Lets promises that are ready, and the ones that they start, run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
