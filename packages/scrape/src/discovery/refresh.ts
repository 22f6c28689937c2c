import { sleep, type Clock, type Logger } from '@prunella/metrics';
import type { Discovery, DiscoveryListener } from './discovery.ts';

export interface RefreshOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** ms */
  readonly interval: number;
}

/** A discovery that looks again at an interval. What it found stays when looking fails. */
export abstract class RefreshingDiscovery implements Discovery {
  protected readonly logger: Logger;
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #wake = new AbortController();

  constructor({ clock, logger, interval }: RefreshOptions) {
    this.#clock = clock;
    this.logger = logger;
    this.#interval = interval;
  }

  /** Looks once. */
  protected abstract refresh(listener: DiscoveryListener, signal: AbortSignal): Promise<void>;

  async start(listener: DiscoveryListener): Promise<void> {
    await new Promise<void>((looked) => {
      this.#running = this.#run(listener, looked);
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
  }

  /** Looks before the interval is over. */
  protected lookNow(): void {
    this.#wake.abort();
  }

  async #run(listener: DiscoveryListener, looked: () => void): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      try {
        await this.refresh(listener, signal);
      } catch (error) {
        if (!signal.aborted)
          this.logger.warn({ error: (error as Error).message }, 'looking for targets failed');
      }
      looked();
      if (!signal.aborted) await sleep(this.#clock, this.#interval, this.#wake.signal);
    }
  }
}
