import {
  METRIC_NAME,
  TEXT_CONTENT_TYPE,
  isStaleAt,
  wordsOf,
  writeText,
  type Labels,
  type Metric,
  type MetricFamily,
} from '@prunella/metrics';
import type { FastifyReply } from 'fastify';
import { BadRequest, type Params } from '../query/params.ts';
import type { TsdbParts } from './routes.ts';

/** How old a sample may be to be federated, ms. */
const LOOKBACK = 300_000;

/** The newest sample of every series that a `match[]` selects, as text 0.0.4. Histograms have no form there. */
export async function federate(parts: TsdbParts, params: Params, reply: FastifyReply): Promise<unknown> {
  const selectors = params.matchers();
  if (selectors.length === 0) throw new BadRequest('no match[] parameter provided');
  const now = parts.now();
  const querier = parts.database.querier(now - LOOKBACK, now);
  const external = Object.entries(parts.externalLabels());
  const families = new Map<string, Map<string, Metric>>();
  try {
    for (const matchers of selectors) {
      for await (const batch of querier.select(matchers)) {
        for (const { labels, samples } of batch) {
          const last = samples.timestamps.length - 1;
          if (
            last < 0 ||
            isStaleAt(wordsOf(samples.values), last) ||
            samples.histograms?.[last] !== undefined
          )
            continue;
          const family = families.get(labels.metricName) ?? new Map<string, Metric>();
          families.set(labels.metricName, family);
          const metric = {
            labels: federated(labels, external),
            value: samples.values[last]!,
            timestamp: samples.timestamps[last]!,
          };
          family.set(labels.key, metric);
        }
      }
    }
  } finally {
    querier.close();
  }
  const sorted = [...families].sort(([a], [b]) => (a < b ? -1 : 1));
  const list = sorted.map(([name, metrics]): MetricFamily => ({
    name,
    type: 'unknown',
    metrics: [...metrics.values()],
  }));
  return reply.type(TEXT_CONTENT_TYPE).send(writeText(list));
}

/** Without the name; external labels where the series has none of that name; `instance=""` marks that there is none. */
function federated(labels: Labels, external: readonly (readonly [string, string])[]): Record<string, string> {
  const own = labels.withoutName().toObject();
  const added = external.filter(([name]) => !(name in own) && name !== METRIC_NAME);
  const result = { ...own, ...Object.fromEntries(added) };
  return 'instance' in result ? result : { ...result, instance: '' };
}
