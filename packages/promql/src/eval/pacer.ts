import { Pacer as Slices } from '@prunella/metrics';
import { QueryError } from '../error.ts';

const TOO_MANY_SAMPLES = 'query processing would load too many samples into memory in query execution';
/** More steps a query must not ask for, whatever there is at them. */
const MOST_STEPS = 10_000_000;

/** @throws QueryError where a query, or a subquery of it, has too many steps */
export function refuseTooMany(steps: number): void {
  if (steps > MOST_STEPS) throw new QueryError('execution', TOO_MANY_SAMPLES);
}

/** Gives way to the event loop every few milliseconds, and ends a query that was cancelled or takes too long. */
export class Pacer {
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #maxSamples: number;
  readonly #slices = new Slices();
  #samples = 0;
  #held = 0;
  #peak = 0;

  constructor(timeoutMs: number, maxSamples: number, signal: AbortSignal | undefined) {
    this.#deadline = performance.now() + timeoutMs;
    this.#maxSamples = maxSamples;
    this.#signal = signal;
  }

  /** Samples loaded so far. */
  get samples(): number {
    return this.#samples;
  }

  /** The most samples held at once. */
  get peak(): number {
    return this.#peak;
  }

  /** Counts samples that were read and are held until `release`. @throws QueryError */
  read(samples: number): void {
    this.#samples += samples;
    this.hold(samples);
  }

  /** @throws QueryError when the query holds too many samples */
  hold(samples: number): void {
    this.#held += samples;
    if (this.#held > this.#peak) this.#peak = this.#held;
    if (this.#held > this.#maxSamples) {
      throw new QueryError('execution', TOO_MANY_SAMPLES);
    }
  }

  /** These samples are held no more. */
  release(samples: number): void {
    this.#held -= samples;
  }

  /** Call between pieces of work. Resolves at once while the slice lasts. @throws QueryError */
  pause(): Promise<void> | undefined {
    return this.#slices.pause()?.then(() => this.check());
  }

  /** Calls `each` with every item, with pauses. @throws QueryError */
  async forEach<T>(items: Iterable<T>, each: (item: T) => void): Promise<void> {
    for (const item of items) {
      each(item);
      const pause = this.pause();
      if (pause) await pause;
    }
  }

  /** What `make` gives for every item, with pauses. @throws QueryError */
  async map<T, U>(items: Iterable<T>, make: (item: T) => U): Promise<U[]> {
    const made: U[] = [];
    await this.forEach(items, (item) => void made.push(make(item)));
    return made;
  }

  /** Calls `each` with 0, 1, … below `count`, with pauses. @throws QueryError */
  async steps(count: number, each: (step: number) => void): Promise<void> {
    for (let step = 0; step < count; step++) {
      each(step);
      const pause = this.pause();
      if (pause) await pause;
    }
  }

  /** @throws QueryError */
  check(): void {
    if (this.#signal?.aborted)
      throw new QueryError('canceled', 'query was canceled in expression evaluation');
    if (performance.now() > this.#deadline)
      throw new QueryError('timeout', 'query timed out in expression evaluation');
  }
}
