import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { DockerConfig } from '../config.ts';
import { WorkloadError } from '../workload.ts';

// Every engine since Docker 20.10 (2020) speaks it.
const API = '/v1.41';
const MAX_BODY = 32 * 1024 * 1024;

/** The little of Docker's Engine API that is needed, over a unix socket or HTTP. See Docker's "Engine API" reference. */
export class DockerClient {
  readonly #where: RequestOptions;

  constructor(config: DockerConfig) {
    if (config.host !== undefined) {
      const url = new URL(config.host.replace(/^tcp:/, 'http:'));
      this.#where = {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? 2375 : Number(url.port),
      };
    } else {
      this.#where = { socketPath: config.socket ?? '/var/run/docker.sock' };
    }
  }

  /** @throws WorkloadError with Docker's own message */
  async json<T>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    timeout = 10_000,
  ): Promise<T> {
    const bytes = await this.bytes(method, path, body, timeout);
    return (bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'))) as T;
  }

  async bytes(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    timeout = 10_000,
  ): Promise<Buffer> {
    const signal = AbortSignal.timeout(timeout);
    const response = await this.#send(method, path, body, signal);
    const bytes = await readBody(response, path);
    const status = response.statusCode ?? 0;
    // 304: it was in the state that was asked for already.
    if (status >= 400) throw refusal(status, bytes.toString('utf8'), `${method} ${path}`);
    return bytes;
  }

  /** The objects of an endless answer, one per line, until it ends or `signal` aborts. */
  async *stream<T>(path: string, signal: AbortSignal): AsyncGenerator<T> {
    const response = await this.#send('GET', path, undefined, signal);
    if ((response.statusCode ?? 0) >= 400) {
      throw refusal(
        response.statusCode ?? 0,
        (await readBody(response, path)).toString('utf8'),
        `GET ${path}`,
      );
    }
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() as string;
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
  }

  #send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<IncomingMessage> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      Host: 'docker',
      ...(text !== '' && { 'Content-Type': 'application/json' }),
      ...(method !== 'GET' && { 'Content-Length': Buffer.byteLength(text) }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        { ...this.#where, agent: false, method, path: API + path, headers, signal },
        resolve,
      );
      sent.on('error', (error) => {
        reject(new WorkloadError('engine', `Docker does not answer: ${error.message}`, { cause: error }));
      });
      sent.end(text);
    });
  }
}

async function readBody(response: IncomingMessage, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new WorkloadError('engine', `Docker's answer to ${path} is too long`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusal(status: number, body: string, what: string): WorkloadError {
  let message = body.trim();
  try {
    message = (JSON.parse(body) as { message?: string }).message ?? message;
  } catch {
    // A proxy's refusal is plain text.
  }
  const code = status === 404 ? 'not_found' : status === 403 ? 'unsupported' : 'engine';
  return new WorkloadError(code, `Docker refused ${what}: ${status} ${message}`);
}
