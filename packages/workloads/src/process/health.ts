import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { sleep, type Clock } from '@prunella/metrics';
import type { HealthConfig } from '../config.ts';

/** @returns whether `url` answered 2xx within `timeout` ms */
export type Probe = (url: string, timeout: number) => Promise<boolean>;

/** A new connection each time: what is asked is whether a stranger would be served now. */
export const httpProbe: Probe = (url, timeout) =>
  new Promise((resolve) => {
    try {
      const get = url.startsWith('https:') ? getHttps : getHttp;
      const request = get(url, { agent: false, signal: AbortSignal.timeout(timeout) }, (response) => {
        const status = response.statusCode ?? 0;
        response.on('error', () => resolve(false)).on('end', () => resolve(status >= 200 && status < 300));
        response.resume();
      });
      request.on('error', () => resolve(false));
    } catch {
      resolve(false);
    }
  });

/** Asks a health URL again and again until stopped, and tells when the answer changes. */
export class HealthCheck {
  readonly #abort = new AbortController();

  constructor(
    config: HealthConfig,
    parts: { clock: Clock; probe: Probe; changed: (healthy: boolean) => void },
  ) {
    void this.#run(config, parts.clock, parts.probe, parts.changed);
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(
    config: HealthConfig,
    clock: Clock,
    probe: Probe,
    changed: (healthy: boolean) => void,
  ): Promise<void> {
    const { signal } = this.#abort;
    let last: boolean | undefined;
    while (!signal.aborted) {
      const healthy = await probe(config.url, config.timeout);
      if (signal.aborted) return;
      if (healthy !== last) changed((last = healthy));
      // Until it is up for the first time, short steps make a start as quick as it can be.
      await sleep(clock, healthy ? config.interval : Math.min(config.interval, 250), signal);
    }
  }
}
