/** Where the body of a scrape comes from. */
import { acceptHeader, TEXT_CONTENT_TYPE } from '@prunella/metrics';
import { HttpError, type HttpClient } from '@prunella/metrics/http';
import type { ScrapeConfig } from './config/scrape.ts';
import type { Target } from './target.ts';

export interface Page {
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
}

export interface PageSource {
  /** @throws Error, whose message becomes the target's last error */
  fetch(signal: AbortSignal): Promise<Page>;
}

/** A scrape that failed, in words for the targets page. */
export class ScrapeError extends Error {
  override name = 'ScrapeError';
  readonly reason: 'body_size' | 'sample_limit' | 'label_limit' | 'other';
  constructor(message: string, reason: ScrapeError['reason'] = 'other', options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** Without a limit of the job's own: no target may fill our memory. */
export const DEFAULT_BODY_SIZE_LIMIT: number = 64 * 1024 * 1024;

/** The page that a target serves over HTTP. */
export class HttpPageSource implements PageSource {
  readonly #client: HttpClient;
  readonly #target: Target;
  readonly #limit: number;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(client: HttpClient, target: Target, config: ScrapeConfig) {
    this.#client = client;
    this.#target = target;
    this.#limit = config.body_size_limit || DEFAULT_BODY_SIZE_LIMIT;
    this.#headers = {
      Accept: acceptHeader(config.scrape_protocols),
      'Accept-Encoding': config.enable_compression ? 'gzip' : 'identity',
      'X-Prometheus-Scrape-Timeout-Seconds': String(target.timeout / 1000),
    };
  }

  async fetch(signal: AbortSignal): Promise<Page> {
    const { url, timeout } = this.#target;
    try {
      const request = { url, headers: this.#headers, timeoutMs: timeout, maxBytes: this.#limit, signal };
      const { status, headers, body } = await this.#client.request(request);
      if (status !== 200) throw new ScrapeError(`server returned HTTP status ${status}`);
      return { body, contentType: headers['content-type'] };
    } catch (cause) {
      if (cause instanceof HttpError && cause.code === 'body_too_large')
        throw new ScrapeError('body size limit exceeded', 'body_size', { cause });
      throw cause;
    }
  }
}

/** A target inside this process: a collector that writes text 0.0.4. */
export interface InProcessTarget {
  readonly job: string;
  /** Where people can see the same page, for the targets page. @default `in-process:JOB` */
  readonly url?: string;
  /** `instance` and others; `job` is added. */
  readonly labels: Readonly<Record<string, string>>;
  /** ms */
  readonly interval: number;
  /** ms */
  readonly timeout: number;
  collect(): Promise<Uint8Array | string>;
}

export class InProcessPageSource implements PageSource {
  readonly #target: InProcessTarget;

  constructor(target: InProcessTarget) {
    this.#target = target;
  }

  async fetch(signal: AbortSignal): Promise<Page> {
    const body = await Promise.race([this.#target.collect(), aborted(signal)]);
    return { body: typeof body === 'string' ? Buffer.from(body) : body, contentType: TEXT_CONTENT_TYPE };
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
