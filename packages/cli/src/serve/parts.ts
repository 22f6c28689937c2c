import type { Clock, Logger, Timer } from '@prunella/metrics';
import type { Part } from '@prunella/server';
import { Counter, Gauge, type Registry } from 'prom-client';

const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;

/** Something that runs in the background. */
export interface Runnable {
  start(): Promise<void> | void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void> | void;
}

interface Entry {
  readonly name: string;
  readonly runnable: Runnable;
  state: Part['state'];
  since: number;
  restarts: number;
  failures: number;
  lastError?: string;
  timer?: Timer;
}

/**
 * Starts the background parts in order and stops them in reverse. A part that cannot start or reports that it has
 * failed is started again with back-off; the others go on meanwhile.
 */
export class Parts {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entries: Entry[] = [];
  readonly #up: Gauge<'part'>;
  readonly #restarts: Counter<'part'>;
  #stopping = false;

  constructor(clock: Clock, logger: Logger, registry: Registry) {
    this.#clock = clock;
    this.#logger = logger;
    const labelNames = ['part'] as const;
    const registers = [registry];
    this.#up = new Gauge({
      name: 'prunella_part_up',
      help: 'Whether a background part runs.',
      labelNames,
      registers,
    });
    this.#restarts = new Counter({
      name: 'prunella_part_restarts_total',
      help: 'How often a background part was started again after a failure.',
      labelNames,
      registers,
    });
  }

  add(name: string, runnable: Runnable): void {
    this.#entries.push({
      name,
      runnable,
      state: 'stopped',
      since: this.#clock.now(),
      restarts: 0,
      failures: 0,
    });
  }

  async start(): Promise<void> {
    for (const entry of this.#entries) await this.#start(entry);
  }

  /** A part says that it has died; it is stopped and started again. */
  failed(name: string, error: Error): void {
    const entry = this.#entries.find((each) => each.name === name);
    if (entry && entry.state === 'running') this.#backOff(entry, error);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const entry of this.#entries.toReversed()) {
      entry.timer?.cancel();
      if (entry.state === 'stopped') continue;
      try {
        await entry.runnable.stop();
      } catch (error) {
        this.#logger.error({ part: entry.name, err: error }, 'part did not stop cleanly');
      }
      this.#become(entry, 'stopped');
    }
  }

  list(): Part[] {
    return this.#entries.map(({ name, state, since, restarts, lastError }) => ({
      name,
      state,
      since,
      restarts,
      ...(lastError === undefined ? {} : { lastError }),
    }));
  }

  async #start(entry: Entry): Promise<void> {
    this.#become(entry, 'starting');
    try {
      await entry.runnable.start();
      this.#become(entry, 'running');
    } catch (error) {
      this.#backOff(entry, error as Error);
    }
  }

  #backOff(entry: Entry, error: Error): void {
    if (this.#stopping) return;
    // A part that ran well for a while starts over with short waits.
    if (entry.state === 'running' && this.#clock.now() - entry.since > LONGEST_BACKOFF_MS) entry.failures = 0;
    const delay = Math.min(FIRST_BACKOFF_MS * 2 ** entry.failures++, LONGEST_BACKOFF_MS);
    entry.lastError = error.message;
    this.#become(entry, 'backoff');
    this.#logger.error(
      { part: entry.name, err: error, retryInMs: delay },
      'part failed; it will be started again',
    );
    entry.timer = this.#clock.setTimeout(() => void this.#restart(entry), delay);
  }

  async #restart(entry: Entry): Promise<void> {
    entry.restarts++;
    this.#restarts.inc({ part: entry.name });
    try {
      await entry.runnable.stop();
    } catch (error) {
      this.#logger.warn({ part: entry.name, err: error }, 'failed part did not stop cleanly');
    }
    if (!this.#stopping) await this.#start(entry);
  }

  #become(entry: Entry, state: Part['state']): void {
    entry.state = state;
    entry.since = this.#clock.now();
    this.#up.set({ part: entry.name }, state === 'running' ? 1 : 0);
  }
}
