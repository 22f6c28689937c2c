import { sleep, type Clock } from '@prunella/metrics';

/** A query that is not closed by then never will be. */
const LONGEST_QUERY_MS = 300_000;

/** Queries under way, so that memory they look at is not taken from under them. */
export class Readers {
  readonly #open = new Map<object, Promise<void>>();

  /** Notes a reader. @returns what it calls when it is done */
  enter(): () => void {
    const key = {};
    let finish = (): void => {};
    const done = new Promise<void>((resolve) => {
      finish = () => {
        this.#open.delete(key);
        resolve();
      };
    });
    this.#open.set(key, done);
    return finish;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Resolves when those that are open now are done, or have been forgotten by whoever opened them. */
  async drained(clock: Clock): Promise<void> {
    const giveUp = new AbortController();
    await Promise.race([Promise.all(this.#open.values()), sleep(clock, LONGEST_QUERY_MS, giveUp.signal)]);
    giveUp.abort();
  }
}
