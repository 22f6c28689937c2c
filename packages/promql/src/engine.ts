import { Labels, type FloatHistogram, type Queryable, type Series } from '@prunella/metrics';
import { QueryError } from './error.ts';
import { dependsOnPast, RangeCache } from './eval/cache.ts';
import { Annotations } from './eval/annotations.ts';
import { evaluate } from './eval/evaluate.ts';
import { invariantParts } from './eval/invariant.ts';
import { Pacer, refuseTooMany } from './eval/pacer.ts';
import { rangeInput } from './eval/range.ts';
import { dropNames, presentSamples } from './eval/series.ts';
import { repeatedSelectors, type Context } from './eval/select.ts';
import { timesOf, timeAt, type Grid, type StepSeries, type Value } from './eval/value.ts';
import { placeWindows } from './functions/windows.ts';
import type { Expr } from './parser/ast.ts';
import { typeOf } from './parser/check.ts';
import { ParseError } from './parser/error.ts';
import { parse, sourceOf } from './parser/parse.ts';

export interface EngineOptions {
  /** @default 120000 */
  readonly timeoutMs?: number;
  /** Samples that a query may hold. @default 50000000 */
  readonly maxSamples?: number;
  /** Queries that run at once; others wait. @default 20 */
  readonly maxConcurrency?: number;
  /** How old the newest sample may be, ms. @default 300000 */
  readonly lookbackMs?: number;
  readonly features?: ReadonlySet<string>;
  /** How much memory results of range queries may take, bytes; 0 = none are kept. @default 33554432 */
  readonly cacheBytes?: number;
}

export interface QueryOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly lookbackMs?: number;
  readonly stats?: boolean;
  /** Evaluates all steps, even if some are known. */
  readonly fresh?: boolean;
}

export interface QueryStats {
  /** Samples looked at, over all steps: of an instant selector one at each, of a range those in it. */
  readonly samples: number;
  /** The same for every step: its time in ms, and how many. */
  readonly samplesPerStep: readonly (readonly [number, number])[];
  /** The most samples that were held at once. */
  readonly peakSamples: number;
  /** How long the query waited for its turn, ms. */
  readonly queueMs: number;
  /** How long it took from then on, ms. */
  readonly totalMs: number;
}

/** What a query cost, whatever came out. Times in ms. */
export interface QueryCost {
  readonly samples: number;
  readonly queueMs: number;
  readonly totalMs: number;
}

export interface VectorSample {
  readonly labels: Labels;
  /** ms */
  readonly time: number;
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

export type QueryValue =
  | { readonly type: 'scalar'; readonly time: number; readonly value: number }
  | { readonly type: 'string'; readonly time: number; readonly value: string }
  | { readonly type: 'vector'; readonly samples: readonly VectorSample[] }
  | { readonly type: 'matrix'; readonly series: readonly Series[] };

export interface QueryResult {
  readonly value: QueryValue;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats?: QueryStats;
}

export interface CacheStats {
  /** Range queries of which the cache had some steps, and those of which it had none. */
  readonly hits: number;
  readonly misses: number;
  readonly reusedSteps: number;
  readonly evaluatedSteps: number;
  readonly entries: number;
  readonly bytes: number;
}

/** Answers PromQL over anything `Queryable`. */
export class Engine {
  /** What may be used of the language besides what always may. */
  readonly features: ReadonlySet<string>;
  readonly #options: Required<EngineOptions>;
  readonly #cache: RangeCache;
  readonly #waiting: (() => void)[] = [];
  readonly #listeners: ((cost: QueryCost) => void)[] = [];
  #running = 0;

  constructor(options: EngineOptions = {}) {
    const defaults = {
      timeoutMs: 120_000,
      maxSamples: 50_000_000,
      maxConcurrency: 20,
      lookbackMs: 300_000,
      features: new Set<string>(),
      cacheBytes: 32 * 1024 * 1024,
    };
    this.#options = { ...defaults, ...options };
    this.#cache = new RangeCache(this.#options.cacheBytes);
    this.features = this.#options.features;
  }

  /** Queries that are being answered or wait for that, and how many may be answered at once. */
  get concurrency(): { readonly queries: number; readonly most: number } {
    return { queries: this.#running + this.#waiting.length, most: this.#options.maxConcurrency };
  }

  /** Calls `listener` with what each query has cost. */
  onQuery(listener: (cost: QueryCost) => void): void {
    this.#listeners.push(listener);
  }

  /** @param time ms. @throws QueryError */
  async instant(
    queryable: Queryable,
    query: string | Expr,
    time: number,
    options: QueryOptions = {},
  ): Promise<QueryResult> {
    const expr = parsed(query, this.#options.features);
    const grid = { start: time, step: 0, steps: 1 };
    return this.#run(queryable, expr, grid, edgesOf(query, time, time, 0), options, (context) =>
      instantValue(context, expr, grid),
    );
  }

  /** @param start ms @param end ms, inclusive @param step ms. @throws QueryError */
  async range(
    queryable: Queryable,
    query: string | Expr,
    start: number,
    end: number,
    step: number,
    options: QueryOptions = {},
  ): Promise<QueryResult> {
    const expr = parsed(query, this.#options.features);
    const type = typeOf(expr);
    if (type !== 'scalar' && type !== 'vector') {
      throw new QueryError(
        'bad_data',
        `invalid expression type ${JSON.stringify(type === 'matrix' ? 'range vector' : type)} for range query, must be Scalar or instant Vector`,
      );
    }
    if (!(step > 0))
      throw new QueryError(
        'bad_data',
        'zero or negative query resolution step widths are not accepted. Try a positive integer',
      );
    if (end < start) throw new QueryError('bad_data', 'end timestamp must not be before start time');
    const grid = { start, step, steps: Math.floor((end - start) / step) + 1 };
    refuseTooMany(grid.steps);
    return this.#run(queryable, expr, grid, edgesOf(query, start, end, step), options, async (context) => {
      const whole = async (part: Grid): Promise<Value> =>
        dropNames(context.pacer, await evaluate(context, expr, part));
      const { changes } = queryable;
      const kept = changes && type === 'vector' && keeps(query, options) && dependsOnPast(expr);
      if (!kept) return { type: 'matrix', series: await toMatrix(context, await whole(grid), grid) };
      const { series, infos } = await this.#cache.range(
        `${context.lookbackMs} ${query}`,
        grid,
        changes,
        async (part) => {
          const value = await whole(part);
          return {
            series: value.type === 'vector' ? value.series : [],
            infos: [...context.infos.entries()],
            lasting: context.warnings.size === 0,
          };
        },
      );
      for (const [text, place] of infos) context.infos.add(text, place);
      return { type: 'matrix', series: await toMatrix(context, { type: 'vector', series }, grid) };
    });
  }

  /** How much the cache of range queries has, and has spared. */
  get cache(): CacheStats {
    return { ...this.#cache.counters, entries: this.#cache.size, bytes: this.#cache.bytes };
  }

  async #run(
    queryable: Queryable,
    expr: Expr,
    grid: Grid,
    edges: Edges,
    options: QueryOptions,
    compute: (context: Context) => Promise<QueryValue>,
  ): Promise<QueryResult> {
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs;
    const asked = performance.now();
    await this.#enter(timeoutMs, options.signal);
    const started = performance.now();
    const queueMs = started - asked;
    const pacer = new Pacer(timeoutMs - queueMs, this.#options.maxSamples, options.signal);
    try {
      pacer.check();
      const counts = options.stats ? new Float64Array(grid.steps) : undefined;
      const context: Context = {
        queryable,
        lookbackMs: options.lookbackMs ?? this.#options.lookbackMs,
        pacer,
        ...edges,
        features: this.#options.features,
        warnings: new Annotations(),
        infos: new Annotations(),
        repeated: repeatedSelectors(expr),
        loaded: new Map(),
        invariant: invariantParts(expr),
        counted: counts && { grid, counts },
        evaluate: (expr, inner) => evaluate(context, expr, inner),
      };
      const value = await compute(context);
      pacer.check();
      const totalMs = performance.now() - started;
      const stats = counts && {
        stats: { ...countedSamples(counts, grid), peakSamples: pacer.peak, queueMs, totalMs },
      };
      return { value, warnings: [...context.warnings], infos: [...context.infos], ...stats };
    } finally {
      this.#leave();
      const cost = { samples: pacer.samples, queueMs, totalMs: performance.now() - started };
      for (const listener of this.#listeners) listener(cost);
    }
  }

  /** Waits for a turn. @throws QueryError where that takes too long, or nobody waits for the answer any more */
  async #enter(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw canceledInQueue();
    if (this.#running < this.#options.maxConcurrency) {
      this.#running++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (error: QueryError): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        reject(error);
      };
      const onAbort = (): void => giveUp(canceledInQueue());
      const timer = setTimeout(
        () => giveUp(new QueryError('timeout', 'query timed out in query queue')),
        timeoutMs,
      );
      const enter = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiting.push(enter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Hands the turn on, to the one who waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }
}

function canceledInQueue(): QueryError {
  return new QueryError('canceled', 'query was canceled in query queue');
}

function countedSamples(counts: Float64Array, grid: Grid): Pick<QueryStats, 'samples' | 'samplesPerStep'> {
  const samplesPerStep = Array.from(counts, (count, i) => [timeAt(grid, i), count] as const);
  return { samples: counts.reduce((sum, count) => sum + count, 0), samplesPerStep };
}

/** Whether a query's result is kept. What it costs to evaluate can be told only where it is evaluated. */
function keeps(query: string | Expr, { fresh, stats }: QueryOptions): query is string {
  return typeof query === 'string' && !fresh && !stats;
}

/** The query as it was asked: `@ end()` is the end asked for, not the last step. */
type Edges = Pick<Context, 'start' | 'end' | 'step' | 'text'>;

function edgesOf(query: string | Expr, start: number, end: number, step: number): Edges {
  return { start, end, step, text: typeof query === 'string' ? query : sourceOf(query) };
}

function parsed(query: string | Expr, features: ReadonlySet<string>): Expr {
  if (typeof query !== 'string') return query;
  try {
    return parse(query, { features });
  } catch (error) {
    if (error instanceof ParseError) throw new QueryError('bad_data', error.message, { cause: error });
    throw error;
  }
}

async function instantValue(context: Context, expr: Expr, grid: Grid): Promise<QueryValue> {
  const bare = unwrap(expr);
  if (bare.kind === 'matrix' || bare.kind === 'subquery')
    return { type: 'matrix', series: await rangeValue(context, bare, grid) };
  const value = await dropNames(context.pacer, await evaluate(context, expr, grid));
  const time = grid.start;
  switch (value.type) {
    case 'scalar':
      return { type: 'scalar', time, value: value.values[0] as number };
    case 'string':
      return { type: 'string', time, value: value.value };
    case 'vector':
      return { type: 'vector', samples: toSamples(value.series, time) };
  }
}

function unwrap(expr: Expr): Expr {
  return expr.kind === 'paren' ? unwrap(expr.expr) : expr;
}

async function rangeValue(context: Context, expr: Expr, grid: Grid): Promise<Series[]> {
  const { each, windows } = await rangeInput(context, expr, grid, '');
  const result: Series[] = [];
  await each(({ labels, samples: { timestamps, values, histograms } }) => {
    placeWindows(windows, timestamps);
    const [from, to] = [windows.froms[0] as number, windows.tos[0] as number];
    if (from === to) return;
    context.pacer.hold(to - from);
    if (context.counted) context.counted.counts[0] = (context.counted.counts[0] as number) + to - from;
    const samples = {
      timestamps: timestamps.slice(from, to),
      values: values.slice(from, to),
      ...(histograms && { histograms: histograms.slice(from, to) }),
    };
    result.push({ labels, samples });
  });
  return result;
}

function toSamples(series: readonly StepSeries[], time: number): VectorSample[] {
  return series
    .filter(({ present }) => present[0])
    .map(({ labels, values, histograms }) => {
      const histogram = histograms?.[0];
      return { labels, time, value: values[0] as number, ...(histogram && { histogram }) };
    });
}

async function toMatrix({ pacer }: Context, value: Value, grid: Grid): Promise<Series[]> {
  if (value.type === 'string') return [];
  if (value.type === 'scalar') {
    return [{ labels: Labels.empty, samples: { timestamps: timesOf(grid), values: value.values } }];
  }
  const times = timesOf(grid);
  const series = await pacer.map(value.series, (each) => ({
    labels: each.labels,
    samples: presentSamples(each, times),
  }));
  const filled = series.filter(({ samples }) => samples.timestamps.length > 0);
  return filled.sort((a, b) => Labels.compare(a.labels, b.labels));
}
