import { QueryError } from '../error.ts';

/** How long work may go on before the event loop gets its turn, ms. */
const SLICE_MS = 5;

/** Gives way to the event loop every few milliseconds, and ends a query that was cancelled or takes too long. */
export class Pacer {
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #maxSamples: number;
  #sliceEnd: number;
  #samples = 0;
  #held = 0;

  constructor(timeoutMs: number, maxSamples: number, signal: AbortSignal | undefined) {
    this.#deadline = performance.now() + timeoutMs;
    this.#maxSamples = maxSamples;
    this.#signal = signal;
    this.#sliceEnd = performance.now() + SLICE_MS;
  }

  /** Samples loaded so far. */
  get samples(): number {
    return this.#samples;
  }

  /** Counts samples that were read and are held until `release`. @throws QueryError */
  read(samples: number): void {
    this.#samples += samples;
    this.hold(samples);
  }

  /** @throws QueryError when the query holds too many samples */
  hold(samples: number): void {
    this.#held += samples;
    if (this.#held > this.#maxSamples) {
      throw new QueryError(
        'execution',
        'query processing would load too many samples into memory in query execution',
      );
    }
  }

  /** These samples are held no more. */
  release(samples: number): void {
    this.#held -= samples;
  }

  /** Call between pieces of work. Resolves at once while the slice lasts. @throws QueryError */
  pause(): Promise<void> | undefined {
    const now = performance.now();
    if (now < this.#sliceEnd) return undefined;
    return this.#yield();
  }

  async #yield(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.check();
    this.#sliceEnd = performance.now() + SLICE_MS;
  }

  /** @throws QueryError */
  check(): void {
    if (this.#signal?.aborted)
      throw new QueryError('canceled', 'query was canceled in expression evaluation');
    if (performance.now() > this.#deadline)
      throw new QueryError('timeout', 'query timed out in expression evaluation');
  }
}
