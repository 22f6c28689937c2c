import { availableParallelism } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface LimitOptions {
  /** So many GETs are answered at once, more are refused; 0 = 8, or the number of cores if that is more. @default 0 */
  readonly getConcurrency?: number | undefined;
  /** When a GET is given up, ms; 0 = never. @default 0 */
  readonly timeoutMs?: number | undefined;
  readonly registry?: Registry | undefined;
}

const LEAST = 8;

/** `--web.get-concurrency` and `--web.timeout` of Alertmanager: reading must not keep it from taking alerts. */
export function limitRequests(app: FastifyInstance, options: LimitOptions): void {
  const { getConcurrency = 0, timeoutMs = 0, registry } = options;
  const most = getConcurrency || Math.max(LEAST, availableParallelism());
  const metrics = registry && new RequestMetrics(registry, () => running);
  let running = 0;
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'GET') return;
    if (running >= most) {
      metrics?.refused.inc({ method: 'get' });
      const text = `Limit of concurrent GET requests reached (${most}), try again later.\n`;
      return reply.code(503).type('text/plain').send(text);
    }
    running++;
    const giveUp = (): void => {
      if (reply.raw.headersSent) reply.raw.destroy();
      else
        void reply
          .code(503)
          .type('text/plain')
          .send(`Exceeded configured timeout of ${timeoutMs / 1000}s.\n`);
    };
    const timer = timeoutMs > 0 ? setTimeout(giveUp, timeoutMs) : undefined;
    reply.raw.once('close', () => {
      running--;
      clearTimeout(timer);
    });
  });
  app.addHook('onResponse', async (request, reply) => {
    const handler = request.routeOptions.url ?? 'other';
    const labels = { handler, method: request.method.toLowerCase(), code: String(reply.statusCode) };
    metrics?.duration.observe(labels, reply.elapsedTime / 1000);
  });
}

/** Under Alertmanager's names. */
class RequestMetrics {
  readonly refused: Counter<'method'>;
  readonly duration: Histogram<'handler' | 'method' | 'code'>;

  constructor(registry: Registry, running: () => number) {
    const registers = [registry];
    this.refused = new Counter({
      name: 'alertmanager_http_concurrency_limit_exceeded_total',
      help: 'Total number of times an HTTP request failed because the concurrency limit was reached.',
      labelNames: ['method'],
      registers,
    });
    this.refused.inc({ method: 'get' }, 0);
    this.duration = new Histogram({
      name: 'alertmanager_http_request_duration_seconds',
      help: 'Histogram of latencies for HTTP requests.',
      labelNames: ['handler', 'method', 'code'],
      buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 2, 5, 20, 60],
      registers,
    });
    new Gauge({
      name: 'alertmanager_http_requests_in_flight',
      help: 'Current number of HTTP requests being processed.',
      labelNames: ['method'],
      registers,
      collect() {
        this.set({ method: 'get' }, running());
      },
    });
  }
}
