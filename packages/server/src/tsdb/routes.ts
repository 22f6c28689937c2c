import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '@prunella/tsdb';
import { acceptForms, BadRequest, Params } from '../query/params.ts';
import { federate } from './federate.ts';

export interface TsdbParts {
  readonly database: Database;
  /** Whether routes that change or copy data answer at all (`--web.enable-admin-api`). */
  readonly adminEnabled: boolean;
  /** `global.external_labels`, which every federated series gets. */
  readonly externalLabels: () => Readonly<Record<string, string>>;
  readonly now: () => number;
}

/** As far as Prometheus's parameters `start` and `end` reach when they are not given. */
const EVER = Number.MAX_SAFE_INTEGER;

type Handler = (params: Params, reply: FastifyReply) => Promise<unknown>;

/** /federate, /api/v1/status/tsdb and the admin API of Prometheus. */
export function tsdbRoutes(app: FastifyInstance, parts: TsdbParts): void {
  const { database } = parts;
  acceptForms(app);
  const route = (methods: readonly string[], url: string, handler: Handler): void => {
    app.route({
      method: [...methods],
      url,
      handler: (request, reply) => answer(request, reply, handler),
    });
  };
  const admin = (action: string, handler: Handler): void =>
    route(['POST', 'PUT'], `/api/v1/admin/tsdb/${action}`, async (params, reply) => {
      if (parts.adminEnabled) return handler(params, reply);
      return reply
        .code(503)
        .send({ status: 'error', errorType: 'unavailable', error: 'admin APIs disabled' });
    });

  route(['GET'], '/api/v1/status/tsdb', async (params) =>
    success(await statusOf(database, params.limit() ?? 10)),
  );
  route(['GET'], '/api/v1/status/tsdb/blocks', async () => success({ blocks: database.blocks() }));
  route(['GET'], '/federate', (params, reply) => federate(parts, params, reply));

  admin('snapshot', async (params) => {
    const name = `${new Date(parts.now()).toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(8).toString('hex')}`;
    const skipHead = params.get('skip_head') === 'true';
    await database.snapshot(join(database.dir, 'snapshots', name), { skipHead });
    return success({ name });
  });
  admin('delete_series', async (params, reply) => {
    const selectors = params.matchers();
    if (selectors.length === 0) throw new BadRequest('no match[] parameter provided');
    const start = params.time('start', -EVER);
    const end = params.time('end', EVER);
    for (const matchers of selectors) await database.delete(matchers, start, end);
    return reply.code(204).send();
  });
  admin('clean_tombstones', async (_, reply) => {
    await database.cleanTombstones();
    return reply.code(204).send();
  });
}

async function answer(request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<unknown> {
  try {
    return await handler(new Params(request), reply);
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return reply.code(400).send({ status: 'error', errorType: 'bad_data', error: error.message });
  }
}

function success(data: unknown): unknown {
  return { status: 'success', data };
}

async function statusOf(database: Database, limit: number): Promise<unknown> {
  const found = await database.cardinality(limit);
  const empty = found.maxTime < found.minTime;
  return {
    headStats: {
      numSeries: found.series,
      numLabelPairs: found.labelPairs,
      chunkCount: found.chunks,
      minTime: empty ? 0 : found.minTime,
      maxTime: empty ? 0 : found.maxTime,
    },
    seriesCountByMetricName: found.seriesByMetric,
    labelValueCountByLabelName: found.valuesByLabel,
    memoryInBytesByLabelName: found.bytesByLabel,
    seriesCountByLabelValuePair: found.seriesByPair,
  };
}
