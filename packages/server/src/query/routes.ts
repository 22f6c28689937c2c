import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ExemplarQueryable, Metadata, Queryable } from '@prunella/metrics';
import {
  describe,
  parse,
  ParseError,
  prettyPrint,
  QueryError,
  type Engine,
  type Expr,
  type QueryOptions,
  type QueryResult,
} from '@prunella/promql';
import { findExemplars, findMetadata, findNames, findSeries, unescapeName } from './find.ts';
import { queryAnswer } from './json.ts';
import { acceptForms, BadRequest, invalid, Params } from './params.ts';
import { sendPieces } from './send.ts';

export interface QueryParts {
  readonly engine: Engine;
  readonly storage: Queryable & Partial<ExemplarQueryable>;
  /** What scrapes have told about metrics, by name. */
  readonly metadata: () => ReadonlyMap<string, readonly Metadata[]>;
  readonly now: () => number;
}

/** 499 is nginx's word for a client that did not wait; Prometheus uses it too. */
const STATUS = { bad_data: 400, execution: 422, timeout: 503, canceled: 499, internal: 500 } as const;
/** As many points per series as Prometheus allows. */
const MOST_POINTS = 11_000;

type Handler = (params: Params, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Prometheus's query API. */
export function queryRoutes(app: FastifyInstance, parts: QueryParts): void {
  acceptForms(app);
  const route = (path: string, methods: readonly string[], handler: Handler): void => {
    app.route({
      method: [...methods],
      url: `/api/v1/${path}`,
      handler: async (request, reply) => {
        try {
          return await handler(new Params(request), request, reply);
        } catch (error) {
          return refuse(reply, error);
        }
      },
    });
  };
  const both = ['GET', 'POST'];
  const { engine, storage } = parts;
  const perStep = (params: Params): boolean =>
    params.get('stats') === 'all' && engine.features.has('promql-per-step-stats');

  route('query', both, async (params, request, reply) => {
    const limit = params.limit();
    const time = params.time('time', parts.now());
    const result = await run(request, params, (options) =>
      engine.instant(storage, params.require('query'), time, options),
    );
    return sendPieces(request, reply, queryAnswer(limited(result, limit), perStep(params)));
  });

  route('query_range', both, async (params, request, reply) => {
    const limit = params.limit();
    const { start, end, step } = rangeOf(params);
    const result = await run(request, params, (options) =>
      engine.range(storage, params.require('query'), start, end, step, options),
    );
    return sendPieces(request, reply, queryAnswer(limited(result, limit), perStep(params)));
  });

  route('series', both, async (params, request, reply) =>
    sendPieces(request, reply, await findSeries(parts, params)),
  );
  route('labels', both, async (params, request, reply) => {
    const found = await findNames(parts, params, (querier, matchers) => querier.labelNames(matchers));
    return sendPieces(request, reply, found);
  });
  route('label/:name/values', ['GET'], async (params, request, reply) => {
    const { name } = request.params as { name: string };
    // `U__` marks a name in which characters beyond the classic ones are escaped.
    const label = name.startsWith('U__') ? unescapeName(name) : name;
    if (label === '') throw new BadRequest('invalid label name: ""');
    const found = await findNames(parts, params, (querier, matchers) => querier.labelValues(label, matchers));
    return sendPieces(request, reply, found);
  });
  route('metadata', ['GET'], async (params) => success(findMetadata(parts, params)));
  route('query_exemplars', both, async (params, _request, reply) => {
    const data = await findExemplars(parts, params, () => {
      try {
        return parsed(parts, params);
      } catch (error) {
        throw error instanceof ParseError ? new BadRequest(error.message) : error;
      }
    });
    return data === undefined ? reply.code(204).send() : success(data);
  });
  route('format_query', both, async (params) => success(prettyPrint(parsed(parts, params))));
  route('parse_query', both, async (params) => success(describe(parsed(parts, params))));
}

function success(data: unknown): object {
  return { status: 'success', data };
}

function parsed({ engine }: QueryParts, params: Params): Expr {
  return parse(params.require('query'), { features: engine.features });
}

function rangeOf(params: Params): { start: number; end: number; step: number } {
  const [start, end] = [params.requireTime('start'), params.requireTime('end')];
  if (end < start) throw invalid('end', 'end timestamp must not be before start time');
  const step = params.requireDuration('step');
  if (step <= 0) {
    const why = 'zero or negative query resolution step widths are not accepted. Try a positive integer';
    throw invalid('step', why);
  }
  // In whole steps, as Go divides.
  if (Math.floor((end - start) / step) > MOST_POINTS) {
    throw new BadRequest(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  return { start, end, step };
}

/** Runs a query that ends with its client: nobody computes for a page that has been closed. */
async function run(
  request: FastifyRequest,
  params: Params,
  query: (options: QueryOptions) => Promise<QueryResult>,
): Promise<QueryResult> {
  const timeoutMs = params.duration('timeout');
  const lookbackMs = params.lookback();
  const abort = new AbortController();
  const onClose = (): void => abort.abort();
  request.raw.socket.once('close', onClose);
  try {
    return await query({
      signal: abort.signal,
      stats: params.get('stats') !== undefined,
      fresh: params.get('nocache') === '1',
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(lookbackMs !== undefined && { lookbackMs }),
    });
  } catch (error) {
    if (error instanceof QueryError && error.type === 'bad_data') throw invalid('query', error.message);
    throw error;
  } finally {
    request.raw.socket.off('close', onClose);
  }
}

function limited(result: QueryResult, limit: number): QueryResult {
  const { value } = result;
  const warnings = [...result.warnings, 'results truncated due to limit'];
  if (value.type === 'vector' && value.samples.length > limit) {
    return { ...result, warnings, value: { ...value, samples: value.samples.slice(0, limit) } };
  }
  if (value.type === 'matrix' && value.series.length > limit) {
    return { ...result, warnings, value: { ...value, series: value.series.slice(0, limit) } };
  }
  return result;
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof BadRequest) return fail(reply, 400, 'bad_data', error.message);
  if (error instanceof ParseError)
    return fail(reply, 400, 'bad_data', invalid('query', error.message).message);
  if (error instanceof QueryError) return fail(reply, STATUS[error.type], error.type, error.message);
  throw error;
}

function fail(reply: FastifyReply, status: number, errorType: string, error: string): FastifyReply {
  return reply.code(status).send({ status: 'error', errorType, error });
}
