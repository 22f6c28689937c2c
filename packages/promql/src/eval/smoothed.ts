import { toFloatHistogram, type FloatHistogram, type Histogram } from '@prunella/metrics';
import { interpolateHistogram } from '../histogram/range.ts';
import type { VectorSelector } from '../parser/ast.ts';
import { interpolate } from './extended.ts';
import { reporter } from './mixed.ts';
import { firstAtOrAfter, loadSeries, shiftedTime, withoutStale, type Context } from './select.ts';
import { newSeries, setHistogram, timeAt, type Grid, type StepSeries } from './value.ts';

function between(
  before: Histogram | FloatHistogram,
  next: Histogram | FloatHistogram,
  times: Float64Array,
  i: number,
  t: number,
): FloatHistogram | undefined {
  const [from, to] = [times[i] as number, times[i + 1] as number];
  return interpolateHistogram(
    toFloatHistogram(before),
    toFloatHistogram(next),
    (t - from) / (to - from),
    false,
  );
}

/** `m smoothed`: the value on the line between the samples on both sides of the time looked at. */
export async function smoothedInstant(
  context: Context,
  selector: VectorSelector,
  grid: Grid,
): Promise<StepSeries[]> {
  const { lookbackMs } = context;
  const loaded = await loadSeries(context, selector, grid, {
    range: lookbackMs,
    func: '',
    ahead: lookbackMs,
  });
  const result = loaded.map((series) => {
    const { timestamps, values, histograms } = withoutStale(series).samples;
    const out = newSeries(series.labels, grid.steps);
    const report = reporter(context, series.labels.metricName, selector);
    for (let step = 0; step < grid.steps; step++) {
      const t = shiftedTime(context, selector, timeAt(grid, step));
      const after = firstAtOrAfter(timestamps, t + 1);
      if (after === 0 || (timestamps[after - 1] as number) <= t - lookbackMs) continue;
      const reached = after < timestamps.length && (timestamps[after] as number) <= t + lookbackMs;
      const [before, next] = [histograms?.[after - 1], reached ? histograms?.[after] : undefined];
      if (before || next) {
        if (reached && timestamps[after - 1] !== t && !(before && next)) report.mixed();
        else if (before) {
          const made = next ? between(before, next, timestamps, after - 1, t) : toFloatHistogram(before);
          if (made) setHistogram(out, step, made);
          else report.mixedSchemas();
        }
        continue;
      }
      out.values[step] = reached
        ? interpolate(timestamps, values, after - 1, t, false)
        : (values[after - 1] as number);
      out.present[step] = 1;
    }
    return out;
  });
  return result.filter(({ present }) => present.includes(1));
}
