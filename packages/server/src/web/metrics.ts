import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';

/** Measures requests under Prometheus's names; `handler` is the route, so that nobody can make up values of it. */
export function measureRequests(app: FastifyInstance, registry: Registry): void {
  const registers = [registry];
  const requests = new Counter({
    name: 'prometheus_http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['handler', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'prometheus_http_request_duration_seconds',
    help: 'How long requests took.',
    labelNames: ['handler'],
    buckets: [0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120],
    registers,
  });
  const bytes = new Histogram({
    name: 'prometheus_http_response_size_bytes',
    help: 'How long answers of a known length were.',
    labelNames: ['handler'],
    buckets: [100, 1000, 10_000, 100_000, 1e6, 1e7, 1e8, 1e9],
    registers,
  });
  app.addHook('onResponse', async (request, reply) => {
    const handler = request.routeOptions.url ?? '/';
    requests.inc({ handler, code: String(reply.statusCode) });
    seconds.observe({ handler }, reply.elapsedTime / 1000);
    const length = Number(reply.getHeader('content-length'));
    if (Number.isFinite(length)) bytes.observe({ handler }, length);
  });
}
