import { TEXT_CONTENT_TYPE } from '@prunella/metrics';
import type { Collector } from '@prunella/collectors';
import type { FastifyInstance } from 'fastify';

export interface AgentParts {
  readonly collectors: () => readonly Collector[];
}

/** One page for all collectors, where node_exporter has its own, and the usual word about health. */
export function agentRoutes(app: FastifyInstance, parts: AgentParts): void {
  app.get('/metrics', async (_, reply) => {
    const pages = await Promise.all(parts.collectors().map((collector) => collector.collect()));
    return reply.type(TEXT_CONTENT_TYPE).send(pages.join(''));
  });
  for (const path of ['/-/healthy', '/-/ready'])
    app.get(path, async (_, reply) => reply.type('text/plain').send('Prunella is collecting.\n'));
}
