/** The real Prometheus as a peer of tests: `prometheus` and `promtool` of the PATH, or what PROMETHEUS and PROMTOOL name. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { Labels } from '@prunella/metrics';
import { compress, encodeWriteRequest, type RemoteSeries } from '@prunella/remote';

export const PROMETHEUS: string = process.env['PROMETHEUS'] ?? 'prometheus';
export const PROMTOOL: string = process.env['PROMTOOL'] ?? 'promtool';

function versionOf(binary: string): string | undefined {
  try {
    return /version (\S+)/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' }))?.[1];
  } catch {
    return undefined;
  }
}

/** Such as `2.42.0+ds`; undefined where there is none. */
export const prometheusVersion: string | undefined = versionOf(PROMETHEUS);
export const absent: boolean = prometheusVersion === undefined || versionOf(PROMTOOL) === undefined;

/** Samples `[ms, text]` by series. */
export type Answer = Record<string, [number, string][]>;

export interface QueryData {
  readonly resultType: string;
  readonly result: unknown;
}

/** A Prometheus on a data directory; asks it over HTTP. */
export class Prometheus {
  readonly #process: ChildProcess;
  readonly #url: string;
  #log = '';

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
    process.stderr?.on('data', (data: Buffer) => (this.#log += data.toString()));
  }

  static async start(dir: string, config: string, flags: readonly string[] = []): Promise<Prometheus> {
    const chosen = flags.find((flag) => flag.startsWith('--web.listen-address='));
    const port = chosen === undefined ? await freePort() : Number(chosen.split(':').at(-1));
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${dir}`,
      ...(chosen === undefined ? [`--web.listen-address=127.0.0.1:${port}`] : []),
      '--storage.tsdb.retention.time=10y',
      '--enable-feature=native-histograms,exemplar-storage',
      ...flags,
    ];
    const peer = new Prometheus(
      spawn(PROMETHEUS, args, { stdio: ['ignore', 'ignore', 'pipe'] }),
      `http://127.0.0.1:${port}`,
    );
    for (let i = 0; i < 600; i++) {
      const ready = await fetch(`${peer.#url}/-/ready`).then(
        (it) => it.ok,
        () => false,
      );
      if (ready) return peer;
      if (peer.#process.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await peer.stop();
    throw new Error(`Prometheus did not start:\n${peer.#log}`);
  }

  get log(): string {
    return this.#log;
  }

  /** The text of a page that is no API, such as /metrics. */
  async page(path: string): Promise<string> {
    return (await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(20_000) })).text();
  }

  /** The `data` of an API's answer. */
  async api<T>(path: string, params: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(params)}`, {
      signal: AbortSignal.timeout(60_000),
    });
    const body = (await response.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(body.error);
    return body.data;
  }

  async query(params: Record<string, string>, path = 'query_range'): Promise<unknown> {
    return (await this.api<QueryData>(path, params)).result;
  }

  /** The raw samples of a selector: what `selector[range]` gives at `end`. */
  async samples(selector: string, start: number, end: number): Promise<Answer> {
    const query = `${selector}[${Math.ceil((end - start) / 1000)}s]`;
    const result = (await this.query({ query, time: String(end / 1000) }, 'query')) as {
      metric: Record<string, string>;
      values: [number, string][];
    }[];
    return Object.fromEntries(
      result.map(({ metric, values }) => [
        Labels.from(metric).toString(),
        values.map(([t, v]) => [Math.round(t * 1000), v] as [number, string]),
      ]),
    );
  }

  /** Sends samples by remote write; needs `--web.enable-remote-write-receiver`. */
  async write(series: readonly RemoteSeries[]): Promise<void> {
    const response = await fetch(`${this.#url}/api/v1/write`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
      },
      body: Buffer.from(compress(encodeWriteRequest({ series, metadata: [] }))),
    });
    if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill(signal);
    await exited;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
