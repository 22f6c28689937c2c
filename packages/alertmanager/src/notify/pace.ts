import { Pacer } from '@prunella/metrics';

/** So many begin before anybody looks at the clock. */
const STEPS = 16;

/**
 * Thousands of groups may be due at the same moment, and as many receivers answer at the same moment. Whoever begins
 * such a piece of work asks here first, so that all of it together does not hold the event loop.
 */
export class Pace {
  /** Of this round of the event loop. */
  #pacer: Pacer | undefined;
  #steps = 0;

  /** Undefined while there is time left in this round; else a promise that resolves once others have run. */
  pause(): Promise<void> | undefined {
    if (!this.#pacer) {
      this.#pacer = new Pacer();
      this.#steps = 0;
      setImmediate(() => (this.#pacer = undefined));
    }
    return ++this.#steps > STEPS ? this.#pacer.pause() : undefined;
  }
}
