import type { IncomingMessage, ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { endpointOf, EndpointGuard, UNMATCHED } from './endpoint.ts';
import { exposition, type Exposition } from './exposition.ts';
import { type FinishedRequest, httpFamilies } from './families.ts';
import { processMetrics } from './process.ts';
import { type Environment, readSettings, type SettingsInput } from './settings.ts';
import { track } from './track.ts';

export interface InstrumentOptions extends SettingsInput {
  /** Where your own metrics are registered too. Default: a registry of its own. */
  readonly registry?: Registry;
  /** @default '/metrics' */
  readonly metricsPath?: string;
  /** @default process.env */
  readonly env?: Environment;
}

/** The metrics of one service: its requests, its process, and whatever it adds to `registry`. */
export class Instrumentation {
  readonly registry: Registry;
  readonly metricsPath: string;
  readonly #guard = new EndpointGuard();
  readonly #families: (request: FinishedRequest) => void;
  readonly #stop: () => void;

  /** @throws SettingsError */
  constructor(options: InstrumentOptions = {}) {
    const settings = readSettings(options.env ?? process.env, options);
    this.registry = options.registry ?? new Registry();
    this.metricsPath = options.metricsPath ?? '/metrics';
    this.#families = httpFamilies(this.registry, settings);
    this.#stop = processMetrics(this.registry, settings);
  }

  /** Counts one request; what {@link watch} calls when the exchange is over. */
  readonly observe = (request: FinishedRequest): void => {
    this.#families(request);
  };

  /** @param template asked when the answer is out: the route that took the request, in its router's notation */
  watch(req: IncomingMessage, res: ServerResponse, template: () => string | undefined): void {
    const endpoint = (): string => {
      const route = template();
      return route === undefined ? UNMATCHED : this.#guard.admit(endpointOf(route));
    };
    track(req, res, endpoint, this.observe);
  }

  expose(accept: string | undefined): Promise<Exposition> {
    return exposition(this.registry, accept);
  }

  /** Stops what runs in the background. */
  close(): void {
    this.#stop();
  }
}
