/** One request and its whole, decompressed answer, over node:http or node:https. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { HttpError, type HttpResponse } from './client.ts';

export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
  readonly agent: http.Agent;
  /** Set where a plain request goes through a proxy, which wants the whole URL. */
  readonly proxy?: URL | undefined;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
}

/** @throws HttpError, or the signal's reason when it aborts */
export async function exchange(each: Exchange): Promise<HttpResponse> {
  const response = await send(each);
  const body = await readBody(response, each);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  return { status: response.statusCode ?? 0, headers, body };
}

function send(each: Exchange, again = true): Promise<http.IncomingMessage> {
  const { url, method, headers, body, agent, proxy, signal } = each;
  return new Promise((resolve, reject) => {
    const transport = url.protocol === 'https:' ? https : http;
    const there = proxy ?? url;
    const request = transport.request({
      host: there.hostname.replace(/^\[|\]$/g, ''),
      port: there.port || (there.protocol === 'https:' ? 443 : 80),
      path: proxy ? url.href : `${url.pathname}${url.search}`,
      method,
      headers: { Host: url.host, ...headers },
      agent,
    });
    // Node's own option does the same with twice the work.
    signal.addEventListener('abort', () => request.destroy(signal.reason as Error), { once: true });
    request.once('response', resolve);
    request.once('error', (cause) => {
      // The server closed a connection that was kept open just as we used it again: nothing was wrong with the request.
      if (again && request.reusedSocket && isIdempotent(method) && wasClosed(cause))
        resolve(send(each, false));
      else reject(new HttpError('connect', describe(cause), { cause }));
    });
    request.end(body);
  });
}

function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function wasClosed(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ECONNRESET' || error.code === 'EPIPE';
}

/** Node reports the failures of several addresses as an error without a message of its own. */
function describe(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each) => (each as Error).message).join('; ');
  return error.message;
}

async function readBody(
  response: http.IncomingMessage,
  { headers, maxBytes }: Pick<Exchange, 'headers' | 'maxBytes'>,
): Promise<Uint8Array> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase();
  let stream: Readable = response;
  if (encoding === 'gzip' || encoding === 'x-gzip') stream = response.pipe(createGunzip());
  else if (encoding === 'deflate') stream = response.pipe(createInflate());
  else if (encoding !== 'identity' && !accepts(headers, encoding)) {
    response.destroy();
    throw new HttpError('protocol', `unknown content encoding ${JSON.stringify(encoding)}`);
  }
  // pipe() does not pass errors on.
  if (stream !== response) response.once('error', (error) => stream.destroy(error));
  response.once('aborted', () => stream.destroy(new Error('the connection broke within the body')));
  try {
    return await collect(stream, maxBytes);
  } catch (cause) {
    response.destroy();
    if (cause instanceof HttpError) throw cause;
    throw new HttpError('protocol', `reading the body: ${(cause as Error).message}`, { cause });
  }
}

/** All of a stream. */
function collect(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes)
        reject(new HttpError('body_too_large', `the body is larger than ${maxBytes} bytes`));
      else chunks.push(chunk);
    });
    stream.once('end', () =>
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size)),
    );
    stream.once('error', reject);
    // After the end this changes nothing.
    stream.once('close', () => reject(new Error('the connection broke within the body')));
  });
}

/** What the caller has asked for by name is the caller's to decode. */
function accepts(headers: http.OutgoingHttpHeaders, encoding: string): boolean {
  const accepted = String(headers['Accept-Encoding'] ?? '')
    .toLowerCase()
    .split(',');
  return accepted.some((each) => each.trim() === encoding);
}
