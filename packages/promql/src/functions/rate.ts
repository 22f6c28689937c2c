import type { Window } from './range.ts';
import type { SlidingFunction } from './windows.ts';

/**
 * The increase between first and last sample, extrapolated to the window's edges, but by no more than half an average
 * interval where the samples end well before an edge, and a counter never to below zero. Times in ms.
 * @param averageMs between two samples
 */
function extrapolate(
  increase: number,
  firstValue: number,
  first: number,
  last: number,
  averageMs: number,
  start: number,
  end: number,
  counter: boolean,
  perSecond: boolean,
): number {
  let toStart = (first - start) / 1000;
  let toEnd = (end - last) / 1000;
  const sampled = (last - first) / 1000;
  const average = averageMs / 1000;
  const limit = average * 1.1;
  if (toStart >= limit) toStart = average / 2;
  if (counter && increase > 0 && firstValue >= 0) {
    const toZero = sampled * (firstValue / increase);
    if (toZero < toStart) toStart = toZero;
  }
  if (toEnd >= limit) toEnd = average / 2;
  let factor = (sampled + toStart + toEnd) / sampled;
  if (perSecond) factor /= (end - start) / 1000;
  return increase * factor;
}

/** The rate family over one window, which may be anchored or smoothed. */
export function extrapolated(window: Window, counter: boolean, perSecond: boolean): number | undefined {
  const { times, values, from, to, start, end } = window;
  if (to - from < (window.exact ? 1 : 2)) return undefined;
  const first = times[from] as number;
  const last = times[to - 1] as number;
  let increase = (values[to - 1] as number) - (values[from] as number);
  if (counter) {
    for (let i = from + 1; i < to; i++)
      if ((values[i] as number) < (values[i - 1] as number)) increase += values[i - 1] as number;
  }
  if (window.exact) return perSecond ? increase / ((end - start) / 1000) : increase;
  const average = window.averageMs ?? (last - first) / (to - from - 1);
  return extrapolate(increase, values[from] as number, first, last, average, start, end, counter, perSecond);
}

/** Where a counter starts anew: the indices of values that are below the one before. */
function dropsOf(values: Float64Array): number[] {
  const drops: number[] = [];
  let previous = values[0] as number;
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as number;
    if (value < previous) drops.push(i);
    previous = value;
  }
  return drops;
}

const NO_DROPS: readonly number[] = [];

/** The rate family over all windows of a column. */
export function slidingRate(counter: boolean, perSecond: boolean): SlidingFunction {
  return (times, values, { range, ends, froms, tos }, _params, out) => {
    const drops = counter ? dropsOf(values) : NO_DROPS;
    let next = 0;
    for (let step = 0; step < ends.length; step++) {
      const from = froms[step] as number;
      const to = tos[step] as number;
      if (to - from < 2) continue;
      const value = values[from] as number;
      let increase = (values[to - 1] as number) - value;
      while (next < drops.length && (drops[next] as number) <= from) next++;
      for (let k = next; k < drops.length && (drops[k] as number) < to; k++)
        increase += values[(drops[k] as number) - 1] as number;
      const first = times[from] as number;
      const last = times[to - 1] as number;
      const average = (last - first) / (to - from - 1);
      const end = ends[step] as number;
      out.values[step] = extrapolate(
        increase,
        value,
        first,
        last,
        average,
        end - range,
        end,
        counter,
        perSecond,
      );
      out.present[step] = 1;
    }
  };
}

/** What the last two samples say. */
export function instantRate(window: Window, rate: boolean): number | undefined {
  const { times, values, from, to } = window;
  if (to - from < 2) return undefined;
  const last = values[to - 1] as number;
  const previous = values[to - 2] as number;
  const seconds = ((times[to - 1] as number) - (times[to - 2] as number)) / 1000;
  if (seconds === 0) return undefined;
  if (!rate) return last - previous;
  return (last < previous ? last : last - previous) / seconds;
}
