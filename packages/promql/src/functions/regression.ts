import type { SlidingFunction } from './windows.ts';

/**
 * Least squares over seconds, relative to the first sample (`deriv`) or to the evaluation's time (`predict_linear`).
 * The four sums are compensated as in `sumOf`.
 * @param predict the value so many seconds (the parameter) from the evaluation's time; else the slope
 */
export function slidingRegression(predict: boolean): SlidingFunction {
  return (times, values, { ends, evalTimes, froms, tos }, [ahead], out) => {
    for (let step = 0; step < ends.length; step++) {
      const from = froms[step] as number;
      const to = tos[step] as number;
      const n = to - from;
      if (n < 2) continue;
      const origin = (predict ? evalTimes[step] : times[from]) as number;
      const first = values[from] as number;
      let constant = true;
      let [x, xRest, y, yRest, xy, xyRest, xx, xxRest] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let i = from; i < to; i++) {
        const seconds = ((times[i] as number) - origin) / 1000;
        const value = values[i] as number;
        if (value !== first) constant = false;
        let term = seconds;
        let total = x + term;
        let added = total - x;
        xRest += x - (total - added) + (term - added);
        x = total;
        term = value;
        total = y + term;
        added = total - y;
        yRest += y - (total - added) + (term - added);
        y = total;
        term = seconds * value;
        total = xy + term;
        added = total - xy;
        xyRest += xy - (total - added) + (term - added);
        xy = total;
        term = seconds * seconds;
        total = xx + term;
        added = total - xx;
        xxRest += xx - (total - added) + (term - added);
        xx = total;
      }
      x += xRest;
      y += yRest;
      const covariance = xy + xyRest - (x * y) / n;
      let slope = covariance / (xx + xxRest - (x * x) / n);
      let intercept = y / n - (slope * x) / n;
      if (constant) {
        slope = Number.isFinite(first) ? 0 : NaN;
        intercept = Number.isFinite(first) ? first : NaN;
      }
      out.values[step] = predict ? slope * (ahead?.[step] ?? NaN) + intercept : slope;
      out.present[step] = 1;
    }
  };
}
