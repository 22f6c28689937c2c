/** A range of deleted time, ms, both ends inclusive. */
export interface Interval {
  readonly mint: number;
  readonly maxt: number;
}

/** `intervals` (sorted, apart) with one more; ranges that touch become one. */
export function addInterval(intervals: readonly Interval[], added: Interval): Interval[] {
  let { mint, maxt } = added;
  const before: Interval[] = [];
  const after: Interval[] = [];
  for (const each of intervals) {
    if (each.maxt + 1 < mint) before.push(each);
    else if (each.mint > maxt + 1) after.push(each);
    else {
      mint = Math.min(mint, each.mint);
      maxt = Math.max(maxt, each.maxt);
    }
  }
  return [...before, { mint, maxt }, ...after];
}

/** Whether `t` lies in one of them. */
export function covers(intervals: readonly Interval[], t: number): boolean {
  return intervals.some((each) => t >= each.mint && t <= each.maxt);
}
