import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Clock, Timer } from '@prunella/metrics';

const KEEP_ALIVE_MS = 15_000;
const MOST_LISTENERS = 256;

export type EventName = 'incident' | 'alerts' | 'inbox' | 'workloads' | 'reload';

/** Live updates over server-sent events: says *that* something changed; pages fetch what. */
export class Events {
  readonly #clock: Clock;
  readonly #listeners = new Set<ServerResponse>();
  #keepAlive: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(name: EventName, data: Readonly<Record<string, unknown>> = {}): void {
    this.#write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** @returns false when there are too many listeners already */
  add(response: ServerResponse): boolean {
    if (this.#listeners.size >= MOST_LISTENERS) return false;
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
    this.#keepAlive ??= this.#clock.setTimeout(() => this.#beat(), KEEP_ALIVE_MS);
    return true;
  }

  close(): void {
    this.#keepAlive?.cancel();
    for (const response of this.#listeners) response.end();
  }

  #beat(): void {
    this.#keepAlive = undefined;
    if (this.#listeners.size === 0) return;
    this.#write(': still here\n\n');
    this.#keepAlive = this.#clock.setTimeout(() => this.#beat(), KEEP_ALIVE_MS);
  }

  #write(text: string): void {
    for (const response of this.#listeners) {
      // A reader that does not read is dropped instead of buffered for; it reconnects and fetches afresh.
      if (response.writableLength > 64 * 1024) response.destroy();
      else response.write(text);
    }
  }
}

export function eventRoutes(app: FastifyInstance, events: Events): void {
  app.get('/api/prunella/events', (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    if (!events.add(raw)) {
      raw.writeHead(503, { 'retry-after': '10' }).end();
      return;
    }
    request.raw.socket.setTimeout(0);
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    raw.write('retry: 2000\n\n');
  });
}
