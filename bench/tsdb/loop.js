// How long nobody else has had a turn: in all, without garbage collection, and as far as we were on the CPU at all.
import { openSync, readSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

/** Where Linux says how long this thread has run, ns; elsewhere all threads are counted, those of the collector too. */
const schedstat = (() => {
  try {
    return openSync('/proc/self/schedstat', 'r');
  } catch {
    return undefined;
  }
})();
const line = Buffer.alloc(100);

function ranMs() {
  if (schedstat !== undefined)
    return parseInt(line.latin1Slice(0, readSync(schedstat, line, 0, 100, 0)), 10) / 1e6;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export class LoopWatch {
  #last = performance.now();
  #ran = ranMs();
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

  #start() {
    this.#last = performance.now();
    this.#ran = ranMs();
  }

  /** A timer of 1 ms may be 1 ms late without anyone's fault. */
  #note() {
    const now = performance.now();
    if (now - this.#last > 5) this.#gaps.push({ from: this.#last + 1, to: now, cpu: ranMs() - this.#ran });
    this.#start();
  }

  #tick() {
    this.#timer = setTimeout(() => {
      this.#note();
      this.#tick();
    }, 1);
  }

  /** `longest (without garbage collection, of that on the CPU at most)` since the last call, ms. */
  longest() {
    this.#note();
    for (const { startTime, duration } of this.#observer.takeRecords())
      this.#collections.push([startTime, startTime + duration]);
    let longest = 0;
    let without = 0;
    let own = 0;
    for (const { from, to, cpu } of this.#gaps) {
      longest = Math.max(longest, to - from);
      let collected = 0;
      for (const [start, end] of this.#collections)
        collected += Math.max(0, Math.min(end, to) - Math.max(start, from));
      without = Math.max(without, to - from - collected);
      own = Math.max(own, Math.min(to - from, cpu) - collected);
    }
    this.#gaps = [];
    this.#collections = [];
    return `${longest.toFixed(1)} (${without.toFixed(1)}, ${own.toFixed(1)})`;
  }

  stop() {
    clearTimeout(this.#timer);
    this.#observer.disconnect();
  }
}
