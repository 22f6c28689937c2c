/**
 * The windows of all steps over one column: window i holds the samples `froms[i] ≤ k < tos[i]`, which lie in
 * (ends[i] − range, ends[i]], ms. The edges of later windows are never before those of earlier ones.
 */
export interface Windows {
  readonly range: number;
  readonly ends: Float64Array;
  /** When the expression is evaluated, ms: differs from the end under an offset. */
  readonly evalTimes: Float64Array;
  readonly froms: Int32Array;
  readonly tos: Int32Array;
}

/** Where a function's values go: entry i belongs to step i where `present[i]` is 1. */
export interface StepColumn {
  readonly values: Float64Array;
  readonly present: Uint8Array;
}

export function windowsAt(range: number, ends: Float64Array, evalTimes: Float64Array): Windows {
  return { range, ends, evalTimes, froms: new Int32Array(ends.length), tos: new Int32Array(ends.length) };
}

/** Finds the windows' edges in a column of times, in one pass. */
export function placeWindows({ range, ends, froms, tos }: Windows, times: Float64Array): void {
  let from = 0;
  let to = 0;
  const count = times.length;
  for (let step = 0; step < ends.length; step++) {
    const end = ends[step] as number;
    const start = end - range;
    // The window is open on the left.
    while (from < count && (times[from] as number) <= start) from++;
    while (to < count && (times[to] as number) <= end) to++;
    froms[step] = from;
    tos[step] = to;
  }
}

/**
 * Gives a function's values over all windows of a column at once. What dashboards ask is written so: what windows
 * share is looked at once, and no number passes through a call in the inner loop, where it would become an object.
 */
export type SlidingFunction = (
  times: Float64Array,
  values: Float64Array,
  windows: Windows,
  params: readonly Float64Array[],
  out: StepColumn,
) => void;
