import type { FloatHistogram } from '@prunella/metrics';
import type { MixedWindow } from './range.ts';

/** Whether sample i began anew after sample i − 1, as its start timestamp tells. */
function startsAnew({ times, starts = [] }: MixedWindow, i: number): boolean {
  const [start, time] = [starts[i] ?? 0, times[i] as number];
  const [previousStart, previousTime] = [starts[i - 1] ?? 0, times[i - 1] as number];
  if (start === 0 || start >= time || start < previousTime) return false;
  // A start at the very time of the sample before says so of deltas, and nothing of a counter of unknown age.
  return start > previousTime || (previousStart !== 0 && previousStart < previousTime);
}

/** Whether two samples claim to have counted the same time, though they did not start together. */
export function startsOverlap({ times, starts = [] }: MixedWindow): boolean {
  return times.some((_, i) => {
    const start = starts[i] ?? 0;
    return i > 0 && start !== 0 && start < (times[i - 1] as number) && start !== starts[i - 1];
  });
}

/** A counter's window with what its start timestamps tell: floats made monotonic, histograms' resets marked. */
export function withStarts(window: MixedWindow): MixedWindow {
  const times = [...window.times];
  const values: number[] = [];
  const histograms: (FloatHistogram | undefined)[] = [];
  for (const [i, value] of window.values.entries()) {
    const anew = i > 0 && startsAnew(window, i);
    const previous = window.values[i - 1] as number;
    const total = values[i - 1] as number;
    values.push(i === 0 ? value : total + (anew || value < previous ? value : value - previous));
    const h = window.histograms[i];
    histograms.push(h && anew ? { ...h, counterResetHint: 'reset' } : h);
  }
  const first = window.starts?.[0] ?? 0;
  const { length } = times;
  const averageMs = length > 1 ? ((times.at(-1) as number) - (times[0] as number)) / (length - 1) : 0;
  if (times.length > 0 && first > window.start && first < (times[0] as number)) {
    const h = window.histograms[0];
    times.unshift(first);
    values.unshift(0);
    histograms.unshift(h && nothing(h));
    if (h) histograms[1] = { ...h, counterResetHint: h.counterResetHint === 'gauge' ? 'gauge' : 'not_reset' };
  }
  return { ...window, times, values, histograms, averageMs };
}

function nothing(h: FloatHistogram): FloatHistogram {
  const none = { positiveSpans: [], positiveBuckets: [], negativeSpans: [], negativeBuckets: [] };
  return { ...h, ...none, count: 0, sum: 0, zeroCount: 0 };
}

/** How often a counter was reset. */
export function resetsByStarts(window: MixedWindow, byValue: (i: number) => boolean): number {
  return window.times.filter((_, i) => i > 0 && (startsAnew(window, i) || byValue(i))).length;
}
