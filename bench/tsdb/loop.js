// How long nobody else has had a turn, and how much of that the garbage collector took.
import { PerformanceObserver } from 'node:perf_hooks';

export class LoopWatch {
  #last = performance.now();
  #gaps = [];
  #collections = [];
  #observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      this.#collections.push([startTime, startTime + duration]);
  });
  #timer;

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#tick();
  }

  #tick() {
    this.#timer = setTimeout(() => {
      const now = performance.now();
      // A timer of 1 ms may be 1 ms late without anyone's fault.
      if (now - this.#last > 5) this.#gaps.push([this.#last + 1, now]);
      this.#last = performance.now();
      this.#tick();
    }, 1);
  }

  /** `longest (longest without its garbage collections)` since the last call, ms. */
  longest() {
    for (const { startTime, duration } of this.#observer.takeRecords())
      this.#collections.push([startTime, startTime + duration]);
    let longest = 0;
    let without = 0;
    for (const [from, to] of this.#gaps) {
      longest = Math.max(longest, to - from);
      let collected = 0;
      for (const [start, end] of this.#collections)
        collected += Math.max(0, Math.min(end, to) - Math.max(start, from));
      without = Math.max(without, to - from - collected);
    }
    this.#gaps = [];
    this.#collections = [];
    this.#last = performance.now();
    return `${longest.toFixed(1)} (${without.toFixed(1)})`;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
  }
}
