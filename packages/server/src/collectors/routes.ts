import type { Collector, ProbeModule } from '@prunella/collectors';
import type { FastifyInstance } from 'fastify';

const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';

export interface CollectorParts {
  readonly collectors: () => readonly Collector[];
  readonly modules: () => ReadonlyMap<string, ProbeModule>;
  /** Probes once; `timeoutMs` is the scraper's patience where it has told. */
  readonly probe: (module: ProbeModule, target: string, timeoutMs: number | undefined) => Promise<string>;
}

/** The collectors as exporters of their own, and blackbox_exporter's /probe. */
export function collectorRoutes(app: FastifyInstance, parts: CollectorParts): void {
  app.get<{ Params: { name: string } }>('/collectors/:name/metrics', async (request, reply) => {
    const named = parts.collectors().filter(({ name }) => name === request.params.name);
    if (named.length === 0) {
      const known = [...new Set(parts.collectors().map(({ name }) => name))].join(', ') || 'none';
      return reply
        .code(404)
        .send({ error: `no collector ${request.params.name}; there are: ${known}`, code: 'not_found' });
    }
    const texts = await Promise.all(named.map((collector) => collector.collect()));
    return reply.type(TEXT_FORMAT).send(texts.join(''));
  });

  app.get<{ Querystring: { module?: string; target?: string } }>('/probe', async (request, reply) => {
    const { module: name = 'http_2xx', target } = request.query;
    if (typeof target !== 'string' || target === '')
      return reply.code(400).type('text/plain').send('Target parameter is missing\n');
    const module = parts.modules().get(name);
    if (!module)
      return reply
        .code(400)
        .type('text/plain')
        .send(`Unknown module ${JSON.stringify(name)}\n`);
    const text = await parts.probe(
      module,
      target,
      patience(request.headers['x-prometheus-scrape-timeout-seconds']),
    );
    return reply.type(TEXT_FORMAT).send(text);
  });
}

/** The scraper's timeout less half a second, so that a failed probe is still told about. */
function patience(header: string | string[] | undefined): number | undefined {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds > 0 ? Math.max(seconds * 1000 - 500, seconds * 500) : undefined;
}
