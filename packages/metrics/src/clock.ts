/** Time as a dependency: production code takes a `Clock`, tests hand in `VirtualClock` from `@prunella/metrics/testing`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once after `delay` ms. Does not keep the process alive on its own. */
  setTimeout(callback: () => void, delay: number): Timer;
}

export interface Timer {
  cancel(): void;
}

// A timer of Node holds at most 2^31-1 ms; longer ones fire at once.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(callback, delay) {
    const handle = setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST_TIMEOUT));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `delay` ms on the clock, or at once when `signal` aborts. */
export function sleep(clock: Clock, delay: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, delay);
    signal?.addEventListener('abort', done, { once: true });
  });
}
