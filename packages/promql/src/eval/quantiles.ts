import { formatFloat, type Labels } from '@prunella/metrics';
import { histogramQuantile } from '../functions/histogram.ts';
import { mapHistograms, partSeries } from '../functions/native.ts';
import { histogramQuantileOf } from '../histogram/statistics.ts';
import type { Expr } from '../parser/ast.ts';
import { annotate, type Context } from './select.ts';
import { mergeEqual } from './series.ts';
import type { Grid, StepSeries } from './value.ts';

export function badBucket(labels: Labels, le: string): string {
  return `bucket label "le" is missing or has a malformed value of ${JSON.stringify(le)} for metric name ${JSON.stringify(labels.metricName)}`;
}

/** A quantile is a fraction. */
export function warnQuantile(context: Context, quantile: Float64Array, q: Expr): void {
  const outside = quantile.find((value) => !(value >= 0 && value <= 1));
  if (outside !== undefined)
    annotate(context, 'warning', `quantile value should be between 0 and 1, got ${formatFloat(outside)}`, q);
}

/** Quantiles of classic and native histograms; where both have the same labels, neither can be meant. */
export async function quantilesOf(
  context: Context,
  quantile: Float64Array,
  series: readonly StepSeries[],
  grid: Grid,
  q: Expr,
  arg: Expr,
): Promise<StepSeries[]> {
  warnQuantile(context, quantile, q);
  const { floats, natives } = partSeries(series);
  const { pacer } = context;
  const classic = await histogramQuantile(pacer, quantile, floats, grid.steps, {
    bad: (labels, le) => annotate(context, 'warning', badBucket(labels, le), arg),
    repaired: (labels) =>
      annotate(
        context,
        'info',
        `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name ${JSON.stringify(labels.metricName)}`,
        arg,
      ),
  });
  // Whose observations they are is not told, for the name has gone by then.
  const tellNaN = (effect: string): void =>
    annotate(
      context,
      'info',
      `input to histogram_quantile has NaN observations, result is ${effect} for metric name ""`,
      q,
    );
  const native = await mapHistograms(pacer, natives, (h, i) => {
    const { value, nan } = histogramQuantileOf(quantile[i] as number, h);
    if (nan === 'result') tellNaN('NaN');
    if (nan === 'skewed') tellNaN('skewed higher');
    return value;
  });
  for (const a of classic)
    for (const b of native) {
      if (!a.labels.equals(b.labels)) continue;
      for (let i = 0; i < grid.steps; i++) {
        if (!a.present[i] || !b.present[i]) continue;
        a.present[i] = b.present[i] = 0;
        const name = JSON.stringify(a.labels.metricName);
        annotate(
          context,
          'warning',
          `vector contains a mix of classic and native histograms for metric name ${name}`,
          arg,
        );
      }
    }
  const both = await mergeEqual(pacer, [...classic, ...native]);
  return both.filter(({ present }) => present.includes(1));
}
