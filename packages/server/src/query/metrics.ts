import type { CacheStats, Engine } from '@prunella/promql';
import { Counter, Gauge, Summary, type Registry } from 'prom-client';

type Row = readonly [name: string, help: string, read: (stats: CacheStats) => number];

const COUNTERS: readonly Row[] = [
  ['hits_total', 'Range queries of which some steps were known.', (it) => it.hits],
  ['misses_total', 'Range queries of which no step was known.', (it) => it.misses],
  ['reused_steps_total', 'Steps of range queries that were known.', (it) => it.reusedSteps],
  ['evaluated_steps_total', 'Steps of range queries that were evaluated.', (it) => it.evaluatedSteps],
];
const GAUGES: readonly Row[] = [
  ['entries', 'Range queries whose result is kept.', (it) => it.entries],
  ['bytes', 'Memory that kept results take, about.', (it) => it.bytes],
];

/** What queries cost, and what the cache of range queries spares. */
export function queryMetrics(
  registry: Registry,
  engine: Pick<Engine, 'cache' | 'concurrency' | 'onQuery'>,
): void {
  engineMetrics(registry, engine);
  cacheMetrics(registry, engine);
}

/** Under Prometheus's names, for the dashboards that know them. */
function engineMetrics(registry: Registry, engine: Pick<Engine, 'concurrency' | 'onQuery'>): void {
  const registers = [registry];
  const seconds = new Summary({
    name: 'prometheus_engine_query_duration_seconds',
    help: 'Query timings.',
    labelNames: ['slice'],
    percentiles: [0.5, 0.9, 0.99],
    maxAgeSeconds: 600,
    ageBuckets: 5,
    registers,
  });
  const samples = new Counter({
    name: 'prometheus_engine_query_samples_total',
    help: 'Samples that queries have read.',
    registers,
  });
  engine.onQuery((cost) => {
    seconds.observe({ slice: 'queue_time' }, cost.queueMs / 1000);
    seconds.observe({ slice: 'inner_eval' }, cost.totalMs / 1000);
    samples.inc(cost.samples);
  });
  const queries = new Gauge({
    name: 'prometheus_engine_queries',
    help: 'Queries being answered or waiting.',
    registers,
    collect() {
      queries.set(engine.concurrency.queries);
    },
  });
  new Gauge({
    name: 'prometheus_engine_queries_concurrent_max',
    help: 'Queries that may be answered at once.',
    registers,
  }).set(engine.concurrency.most);
  // There is no log of queries.
  new Gauge({
    name: 'prometheus_engine_query_log_enabled',
    help: 'State of the query log.',
    registers,
  }).set(0);
}

/** What the cache of range queries does, as `prunella_query_cache_…`. */
function cacheMetrics(registry: Registry, engine: Pick<Engine, 'cache'>): void {
  for (const [name, help, read] of COUNTERS) {
    const counter = new Counter({
      name: `prunella_query_cache_${name}`,
      help,
      registers: [registry],
      collect() {
        counter.reset();
        counter.inc(read(engine.cache));
      },
    });
  }
  for (const [name, help, read] of GAUGES) {
    const gauge = new Gauge({
      name: `prunella_query_cache_${name}`,
      help,
      registers: [registry],
      collect() {
        gauge.set(read(engine.cache));
      },
    });
  }
}
