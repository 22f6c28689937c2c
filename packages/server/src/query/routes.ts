import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import {
  Labels,
  Pacer,
  type ExemplarQueryable,
  type Matcher,
  type Metadata,
  type Queryable,
} from '@prunella/metrics';
import {
  describe,
  parse,
  ParseError,
  prettyPrint,
  QueryError,
  type Engine,
  type QueryOptions,
  type QueryResult,
} from '@prunella/promql';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { queryAnswer } from './json.ts';
import { acceptForms, BadRequest, Params } from './params.ts';

export interface QueryParts {
  readonly engine: Engine;
  readonly storage: Queryable & Partial<ExemplarQueryable>;
  /** What scrapes have told about metrics, by name. */
  readonly metadata: () => ReadonlyMap<string, readonly Metadata[]>;
  readonly now: () => number;
}

const STATUS = { bad_data: 400, execution: 422, timeout: 503, canceled: 503, internal: 500 } as const;
/** As many points per series as Prometheus allows. */
const MOST_POINTS = 11_000;
const COMPRESS_FROM = 1400;
const PIECE = 64 * 1024;

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

  route('query', both, async (params, request, reply) => {
    const time = params.time('time', parts.now());
    const result = await run(request, params, 'query', (options) =>
      parts.engine.instant(parts.storage, params.require('query'), time, options),
    );
    return send(request, reply, limited(result, params.limit()));
  });

  route('query_range', both, async (params, request, reply) => {
    const { start, end, step } = rangeOf(params);
    const result = await run(request, params, 'query', (options) =>
      parts.engine.range(parts.storage, params.require('query'), start, end, step, options),
    );
    return send(request, reply, limited(result, params.limit()));
  });

  route('series', both, async (params) => series(parts, params));
  route('labels', both, async (params) =>
    names(parts, params, (querier, matchers) => querier.labelNames(matchers)),
  );
  route('label/:name/values', ['GET'], async (params, request) => {
    const { name } = request.params as { name: string };
    // `U__` marks a name in which characters beyond the classic ones are escaped.
    const label = name.startsWith('U__') ? unescapeName(name) : name;
    if (label === '') throw new BadRequest('invalid label name: ""');
    return names(parts, params, (querier, matchers) => querier.labelValues(label, matchers));
  });
  route('metadata', ['GET'], async (params) => metadata(parts.metadata(), params));
  route('query_exemplars', both, async (params) => exemplars(parts, params));
  route('format_query', both, async (params) => ({
    status: 'success',
    data: prettyPrint(parsed(parts, params)),
  }));
  route('parse_query', both, async (params) => ({
    status: 'success',
    data: describe(parsed(parts, params)),
  }));
}

function parsed({ engine }: QueryParts, params: Params): ReturnType<typeof parse> {
  return parse(params.require('query'), { features: engine.features });
}

function rangeOf(params: Params): { start: number; end: number; step: number } {
  for (const name of ['start', 'end']) {
    if (params.get(name) === undefined)
      throw new BadRequest(`invalid parameter ${JSON.stringify(name)}: cannot parse "" to a valid timestamp`);
  }
  const start = params.time('start', 0);
  const end = params.time('end', 0);
  const step = params.duration('step');
  if (step === undefined)
    throw new BadRequest('invalid parameter "step": cannot parse "" to a valid duration');
  if (end < start)
    throw new BadRequest('invalid parameter "end": end timestamp must not be before start time');
  if (step <= 0) {
    throw new BadRequest(
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if ((end - start) / step > MOST_POINTS) {
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
  name: string,
  query: (options: QueryOptions) => Promise<QueryResult>,
): Promise<QueryResult> {
  const timeoutMs = params.duration('timeout');
  const lookbackMs = params.duration('lookback_delta');
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
    if (error instanceof QueryError && error.cause instanceof ParseError) {
      throw new BadRequest(`invalid parameter ${JSON.stringify(name)}: ${error.message}`);
    }
    throw error;
  } finally {
    request.raw.socket.off('close', onClose);
  }
}

function limited(result: QueryResult, limit: number | undefined): QueryResult {
  const { value } = result;
  if (limit === undefined) return result;
  const warnings = [...result.warnings, 'results truncated due to limit'];
  if (value.type === 'vector' && value.samples.length > limit) {
    return { ...result, warnings, value: { ...value, samples: value.samples.slice(0, limit) } };
  }
  if (value.type === 'matrix' && value.series.length > limit) {
    return { ...result, warnings, value: { ...value, series: value.series.slice(0, limit) } };
  }
  return result;
}

function send(request: FastifyRequest, reply: FastifyReply, result: QueryResult): FastifyReply {
  reply.type('application/json; charset=utf-8').header('vary', 'accept-encoding');
  const pieces = gathered(queryAnswer(result));
  const first = pieces.next().value as string;
  const second = pieces.next();
  if (second.done && first.length < COMPRESS_FROM) return reply.send(first);
  const stream = Readable.from(rejoined(first, second, pieces), { objectMode: false });
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(stream);
  return reply.header('content-encoding', 'gzip').send(stream.pipe(createGzip({ level: 1 })));
}

/** Joins small pieces: most answers are one. */
function* gathered(pieces: Iterable<string>): Generator<string, void> {
  let text = '';
  for (const piece of pieces) {
    text += piece;
    if (text.length < PIECE) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** Pieces with pauses in between: a client that reads fast would leave nobody else a turn. */
async function* rejoined(
  first: string,
  second: IteratorResult<string, void>,
  rest: Iterable<string>,
): AsyncGenerator<string> {
  const pacer = new Pacer();
  yield first;
  if (second.done) return;
  yield second.value;
  for (const piece of rest) {
    yield piece;
    const pause = pacer.pause();
    if (pause) await pause;
  }
}

async function series({ storage }: QueryParts, params: Params): Promise<unknown> {
  const selectors = params.matchers();
  if (selectors.length === 0) throw new BadRequest('no match[] parameter provided');
  const querier = storage.querier(
    params.time('start', Number.MIN_SAFE_INTEGER),
    params.time('end', Number.MAX_SAFE_INTEGER),
  );
  const limit = params.limit() ?? Infinity;
  const found = new Map<string, Labels>();
  try {
    for (const matchers of selectors) {
      for await (const batch of querier.select(matchers, { func: 'series' })) {
        for (const { labels } of batch) found.set(labels.key, labels);
        if (found.size > limit) break;
      }
    }
  } finally {
    querier.close();
  }
  const data = [...found.values()].sort((a, b) => Labels.compare(a, b));
  return answer(data, limit, querier.warnings);
}

async function names(
  { storage }: QueryParts,
  params: Params,
  read: (querier: ReturnType<Queryable['querier']>, matchers: readonly Matcher[]) => Promise<string[]>,
): Promise<unknown> {
  const selectors = params.matchers();
  const querier = storage.querier(
    params.time('start', Number.MIN_SAFE_INTEGER),
    params.time('end', Number.MAX_SAFE_INTEGER),
  );
  try {
    const lists = await Promise.all(
      (selectors.length === 0 ? [[]] : selectors).map((matchers) => read(querier, matchers)),
    );
    const data = lists.length === 1 ? (lists[0] as string[]) : [...new Set(lists.flat())].sort();
    return answer(data, params.limit() ?? Infinity, querier.warnings);
  } finally {
    querier.close();
  }
}

function answer(data: readonly unknown[], limit: number, warnings: readonly string[]): unknown {
  const all = data.length > limit ? [...warnings, 'results truncated due to limit'] : warnings;
  return { status: 'success', data: data.slice(0, limit), ...(all.length > 0 && { warnings: all }) };
}

function metadata(known: ReadonlyMap<string, readonly Metadata[]>, params: Params): unknown {
  const metric = params.get('metric');
  const limit = params.limit() ?? Infinity;
  const perMetric = Number(params.get('limit_per_metric') ?? 0) || Infinity;
  const entries = [...known].filter(([name]) => metric === undefined || name === metric).slice(0, limit);
  return {
    status: 'success',
    data: Object.fromEntries(entries.map(([name, list]) => [name, list.slice(0, perMetric)])),
  };
}

async function exemplars(parts: QueryParts, params: Params): Promise<unknown> {
  const { storage, now } = parts;
  const selectors = selectorsOf(parsed(parts, params));
  if (!storage.exemplars || selectors.length === 0) return { status: 'success', data: [] };
  const found = await storage.exemplars(params.time('start', 0), params.time('end', now()), selectors);
  const data = found.map(({ labels, exemplars: list }) => ({
    seriesLabels: labels,
    exemplars: list.map(({ labels: own, value, timestamp = 0 }) => ({
      labels: own,
      value: String(value),
      timestamp: timestamp / 1000,
    })),
  }));
  return { status: 'success', data };
}

/** The matchers of every selector in an expression. */
function selectorsOf(expr: ReturnType<typeof parse>): (readonly Matcher[])[] {
  switch (expr.kind) {
    case 'selector':
      return [expr.matchers];
    case 'matrix':
      return [expr.selector.matchers];
    case 'binary':
      return [...selectorsOf(expr.left), ...selectorsOf(expr.right)];
    case 'call':
      return expr.args.flatMap(selectorsOf);
    case 'aggregation':
    case 'paren':
    case 'subquery':
    case 'unary':
      return selectorsOf(expr.expr);
    case 'number':
    case 'string':
      return [];
  }
}

/** Prometheus's escaping of names in URLs: `U__` then `_2e_` for a dot, `__` for an underscore. */
function unescapeName(name: string): string {
  return name
    .slice(3)
    .replace(/__|_([0-9a-fA-F]{1,6})_/g, (_, code?: string) =>
      code ? String.fromCodePoint(Number.parseInt(code, 16)) : '_',
    );
}

function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof BadRequest) return fail(reply, 400, 'bad_data', error.message);
  if (error instanceof ParseError)
    return fail(reply, 400, 'bad_data', `invalid parameter "query": ${error.message}`);
  if (error instanceof QueryError) return fail(reply, STATUS[error.type], error.type, error.message);
  throw error;
}

function fail(reply: FastifyReply, status: number, errorType: string, error: string): FastifyReply {
  return reply.code(status).send({ status: 'error', errorType, error });
}
