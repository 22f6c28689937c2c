import type { Window } from '../functions/range.ts';

/** The value at `t` on the line between samples i and i + 1; a counter that drops between them started again from 0. */
export function interpolate(
  times: Float64Array,
  values: Float64Array,
  i: number,
  t: number,
  counter: boolean,
): number {
  const [x0, x1] = [times[i] as number, times[i + 1] as number];
  const [y0, y1] = [values[i] as number, values[i + 1] as number];
  const from = counter && y1 < y0 ? 0 : y0;
  if (t === x0) return y0;
  return from + ((y1 - from) * (t - x0)) / (x1 - x0);
}

/** The samples of an anchored or smoothed window, with those that stand at its edges. Empty where there are none. */
export function extendWindow(
  window: Window,
  extended: 'anchored' | 'smoothed',
  lookbackMs: number,
  counter: boolean,
): Window {
  const { times, values, from, to, start, end } = window;
  const smoothed = extended === 'smoothed';
  const before = from > 0 && (times[from - 1] as number) > start - lookbackMs;
  const after = smoothed && to < times.length && (times[to] as number) <= end + lookbackMs;
  if (to === from && !(before && after)) return window;
  const edge = (i: number, t: number): number => interpolate(times, values, i, t, counter);
  const kept = [...values.subarray(from, to)];
  if (before)
    kept.unshift(smoothed && from < times.length ? edge(from - 1, start) : (values[from - 1] as number));
  else if (smoothed && to > from) kept.unshift(kept[0] as number);
  if (after && (to > from || before)) {
    const last = to - 1;
    if ((times[last] as number) < end) kept.push(edge(last, end));
  }
  const column = Float64Array.from(kept);
  return { ...window, exact: true, times: column, values: column, from: 0, to: kept.length };
}
