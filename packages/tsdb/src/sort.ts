import { Pacer } from '@prunella/metrics';

/** What is sorted at once. */
const RUN = 500;
/** Numbers sort so much faster that more are sorted at once. */
const NUMBERS_AT_ONCE = 16_384;
/** How many steps of a merge are taken between two looks at the clock. */
const STEPS = 256;

/** A sorted copy, made with pauses: short runs are sorted at once, then merged two by two. */
export async function sortInSlices<T>(list: Iterable<T>, compare: (a: T, b: T) => number): Promise<T[]> {
  const pacer = new Pacer();
  let runs: T[][] = [];
  let run: T[] = [];
  for (const item of list) {
    run.push(item);
    if (run.length < RUN) continue;
    runs.push(run.sort(compare));
    run = [];
    const pause = pacer.pause();
    if (pause) await pause;
  }
  if (run.length > 0) runs.push(run.sort(compare));
  while (runs.length > 1) {
    const longer: T[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      longer.push(i + 1 < runs.length ? await merge(runs[i]!, runs[i + 1]!, compare, pacer) : runs[i]!);
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

/** Two sorted lists as one. */
export async function merge<T>(
  a: readonly T[],
  b: readonly T[],
  compare: (a: T, b: T) => number,
  pacer: Pacer,
): Promise<T[]> {
  const out: T[] = [];
  let i = 0;
  let j = 0;
  for (let step = 1; i < a.length || j < b.length; step++) {
    const fromA = j === b.length || (i < a.length && compare(a[i]!, b[j]!) <= 0);
    out.push(fromA ? a[i++]! : b[j++]!);
    const pause = step % STEPS === 0 ? pacer.pause() : undefined;
    if (pause) await pause;
  }
  return out;
}

/** Sorts numbers in place, with pauses. */
export async function sortNumbers(numbers: Float64Array): Promise<Float64Array> {
  const pacer = new Pacer();
  for (let from = 0; from < numbers.length; from += NUMBERS_AT_ONCE) {
    numbers.subarray(from, from + NUMBERS_AT_ONCE).sort();
    const pause = pacer.pause();
    if (pause) await pause;
  }
  let from = numbers;
  let to = numbers.length > NUMBERS_AT_ONCE ? new Float64Array(numbers.length) : numbers;
  for (let run = NUMBERS_AT_ONCE; run < numbers.length; run *= 2) {
    for (let start = 0; start < from.length; start += 2 * run) await mergeRuns(from, to, start, run, pacer);
    [from, to] = [to, from];
  }
  if (from !== numbers) numbers.set(from);
  return numbers;
}

/** Merges the runs of `length` numbers at `start` and behind it. */
async function mergeRuns(
  from: Float64Array,
  to: Float64Array,
  start: number,
  length: number,
  pacer: Pacer,
): Promise<void> {
  const middle = Math.min(start + length, from.length);
  const end = Math.min(middle + length, from.length);
  let i = start;
  let j = middle;
  for (let at = start; at < end; at++) {
    to[at] = j === end || (i < middle && from[i]! <= from[j]!) ? from[i++]! : from[j++]!;
    const pause = at % 8192 === 0 ? pacer.pause() : undefined;
    if (pause) await pause;
  }
}
