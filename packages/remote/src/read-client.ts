/** Remote read from the other side: another storage as a `Queryable` of ours. */
import {
  Labels,
  METRIC_NAME,
  Matcher,
  ProtobufReader,
  setStaleAt,
  wordsOf,
  type Clock,
  type Queryable,
  type Querier,
  type SampleColumns,
  type Series,
} from '@prunella/metrics';
import { createHttpClient, HttpError, type HttpClient } from '@prunella/metrics/http';
import type { RemoteReadConfig } from './config.ts';
import { readMessage, readSeries, type RemoteSample, type RemoteSeries } from './messages.ts';
import { encodeReadRequest } from './read.ts';
import { compress, uncompress } from './snappy.ts';

const MAX_BYTES = 256 * 1024 * 1024;

export interface RemoteReaderParts {
  readonly clock: Clock;
  /** What relative file names in the configuration are relative to. */
  readonly directory: string;
}

/** Reads from one remote storage. A remote that fails is a warning of the querier, not an error. */
export class RemoteReader implements Queryable {
  readonly #config: RemoteReadConfig;
  readonly #client: HttpClient;

  constructor(config: RemoteReadConfig, { clock, directory }: RemoteReaderParts) {
    this.#config = config;
    this.#client = createHttpClient(config, { clock, directory });
  }

  querier(mint: number, maxt: number): Querier {
    return new RemoteQuerier(mint, maxt, (start, end, matchers) => this.#read(start, end, matchers));
  }

  close(): void {
    this.#client.close();
  }

  /** @throws HttpError, RemoteError */
  async #read(start: number, end: number, matchers: readonly Matcher[]): Promise<Series[]> {
    const { required_matchers, url, headers, remote_timeout } = this.#config;
    const required = Object.entries(required_matchers);
    const met = required.every(([name, value]) =>
      matchers.some((matcher) => matcher.type === '=' && matcher.name === name && matcher.value === value),
    );
    if (!met) return [];
    const response = await this.#client.request({
      method: 'POST',
      url,
      headers: {
        ...headers,
        'Content-Type': 'application/x-protobuf',
        'Content-Encoding': 'snappy',
        'X-Prometheus-Remote-Read-Version': '0.1.0',
        // The answer's encoding is snappy; a second one around it helps nobody.
        'Accept-Encoding': 'snappy',
      },
      body: compress(encodeReadRequest([{ start, end, matchers }])),
      timeoutMs: remote_timeout,
      maxBytes: MAX_BYTES,
    });
    if (response.status !== 200)
      throw new HttpError('protocol', `remote read answered with status ${response.status}`);
    return decodeReadResponse(uncompress(response.body, MAX_BYTES));
  }
}

/** @throws RemoteError */
export function decodeReadResponse(message: Uint8Array): Series[] {
  const found: RemoteSeries[] = [];
  readMessage(() => {
    const reader = new ProtobufReader(message);
    while (reader.next()) {
      if (reader.field !== 1) {
        reader.skip();
        continue;
      }
      const result = reader.message();
      while (result.next()) {
        if (result.field === 1) found.push(readSeries(result.message()));
        else result.skip();
      }
    }
  });
  return found
    .map(({ labels, samples }) => ({ labels, samples: toColumns(samples) }))
    .sort((a, b) => Labels.compare(a.labels, b.labels));
}

function toColumns(samples: readonly RemoteSample[]): SampleColumns {
  const timestamps = Float64Array.from(samples, ({ time }) => time);
  const values = Float64Array.from(samples, ({ value }) => value);
  const words = wordsOf(values);
  for (const [i, { stale }] of samples.entries()) if (stale) setStaleAt(words, i);
  if (!samples.some(({ histogram }) => histogram)) return { timestamps, values };
  return { timestamps, values, histograms: samples.map(({ histogram }) => histogram) };
}

type Read = (start: number, end: number, matchers: readonly Matcher[]) => Promise<Series[]>;

class RemoteQuerier implements Querier {
  readonly warnings: string[] = [];
  readonly #mint: number;
  readonly #maxt: number;
  readonly #read: Read;

  constructor(mint: number, maxt: number, read: Read) {
    this.#mint = mint;
    this.#maxt = maxt;
    this.#read = read;
  }

  async *select(matchers: readonly Matcher[]): AsyncIterable<readonly Series[]> {
    yield await this.#readOrWarn(matchers);
  }

  async labelNames(matchers: readonly Matcher[], limit: number = Infinity): Promise<string[]> {
    const names = new Set(
      (await this.#readOrWarn(atLeastOne(matchers))).flatMap(({ labels }) =>
        [...labels].map(([name]) => name),
      ),
    );
    return [...names].sort().slice(0, limit);
  }

  async labelValues(name: string, matchers: readonly Matcher[], limit: number = Infinity): Promise<string[]> {
    const found = await this.#readOrWarn(atLeastOne(matchers));
    const values = new Set(found.map(({ labels }) => labels.get(name)).filter((value) => value !== ''));
    return [...values].sort().slice(0, limit);
  }

  close(): void {}

  async #readOrWarn(matchers: readonly Matcher[]): Promise<Series[]> {
    try {
      return await this.#read(this.#mint, this.#maxt, matchers);
    } catch (error) {
      this.warnings.push(`remote read: ${(error as Error).message}`);
      return [];
    }
  }
}

/** A request without matchers would be one for everything; remotes refuse it. */
function atLeastOne(matchers: readonly Matcher[]): readonly Matcher[] {
  return matchers.length > 0 ? matchers : [new Matcher('=~', METRIC_NAME, '.+')];
}
