import type { Cell, Field } from './frame.ts';
import type { Point } from './plot-model.ts';

/** The usual distance of two samples: the smallest one seen. */
function stepOf(times: readonly Cell[]): number {
  let step = Infinity;
  for (let row = 1; row < times.length; row++) {
    const distance = Number(times[row]) - Number(times[row - 1]);
    if (distance > 0 && distance < step) step = distance;
  }
  return step;
}

function point(value: Cell | undefined): Point {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/**
 * Puts series on one column of times. Where a series lacks a sample of its own step, a null breaks its line;
 * where only other series have a sample, it gets undefined and its line goes on.
 */
export function alignFrames(sources: readonly { time: Field; value: Field }[]): {
  times: number[];
  columns: Point[][];
} {
  const distinct = new Set<number>();
  const gaps = new Map<Field, number[]>();
  for (const { time } of sources) {
    if (gaps.has(time)) continue;
    const own: number[] = [];
    const step = stepOf(time.values);
    for (let row = 0; row < time.values.length; row++) {
      const at = Number(time.values[row]);
      distinct.add(at);
      if (row > 0 && at - Number(time.values[row - 1]) > step * 1.5)
        own.push(Number(time.values[row - 1]) + step);
    }
    for (const at of own) distinct.add(at);
    gaps.set(time, own);
  }
  const times = [...distinct].sort((a, b) => a - b);
  const rowOf = new Map(times.map((time, row) => [time, row]));
  const columns = sources.map(({ time, value }) => {
    const column = Array.from<Point>({ length: times.length }).fill(undefined);
    for (const at of gaps.get(time) ?? []) column[rowOf.get(at) ?? -1] = null;
    for (const [row, at] of time.values.entries())
      column[rowOf.get(Number(at)) ?? -1] = point(value.values[row]);
    return column;
  });
  return { times, columns };
}
