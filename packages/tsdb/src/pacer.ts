/** How long work may hold the event loop before it lets others run, ms. */
const SLICE_MS = 8;

/**
 * Cuts long work into slices: `const pause = pacer.pause(); if (pause) await pause;` wherever it may be cut. Costs a
 * look at the clock; in tight loops call it every few hundred steps.
 */
export class Pacer {
  #sliceStart: number = performance.now();

  /** Undefined while there is time left; else a promise that resolves once others have run. */
  pause(): Promise<void> | undefined {
    if (performance.now() - this.#sliceStart < SLICE_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#sliceStart = performance.now();
        resolve();
      });
    });
  }

  /** Call after waiting for something else: the slice starts anew. */
  restart(): void {
    this.#sliceStart = performance.now();
  }
}
