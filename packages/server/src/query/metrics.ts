import type { CacheStats, Engine } from '@prunella/promql';
import { Counter, Gauge, type Registry } from 'prom-client';

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

/** What the cache of range queries does, as `prunella_query_cache_…`. */
export function queryMetrics(registry: Registry, engine: Pick<Engine, 'cache'>): void {
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
