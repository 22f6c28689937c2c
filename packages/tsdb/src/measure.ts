/** What takes observations, in whatever unit. */
interface Observer {
  observe(value: number): void;
}

/** How many observations there were of which size. */
export class Distribution implements Observer {
  /** Upper bounds, rising; the last one, infinity, goes without saying. */
  readonly bounds: readonly number[];
  /** Per bound, not summed up; the last one of what is above all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Bounds that grow by a factor. */
  static exponential(first: number, factor: number, length: number): Distribution {
    return new Distribution(Array.from({ length }, (_, i) => first * factor ** i));
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > this.bounds[at]!) at++;
    this.counts[at]!++;
    this.sum += value;
  }
}

const WINDOW_MS = 600_000;
const MOST_KEPT = 1024;

/** Durations in seconds: all of them in sum, those of the last ten minutes by rank. */
export class Durations implements Observer {
  readonly #recent: { readonly at: number; readonly seconds: number }[] = [];
  sum = 0;
  count = 0;

  observe(seconds: number): void {
    this.sum += seconds;
    this.count++;
    this.#recent.push({ at: performance.now(), seconds });
    if (this.#recent.length > MOST_KEPT) this.#recent.shift();
  }

  /** The duration that a fraction `q` of the recent ones did not exceed; NaN where there is none. */
  quantile(q: number): number {
    const since = performance.now() - WINDOW_MS;
    const sorted = this.#recent.filter(({ at }) => at >= since).map(({ seconds }) => seconds);
    sorted.sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
  }
}

/** Runs `work` and tells how many seconds it took, also where it fails. */
export async function timed<T>(into: Observer, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    into.observe((performance.now() - start) / 1000);
  }
}
