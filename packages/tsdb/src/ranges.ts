/** Blocks cover [n·range, (n+1)·range): where the one with `t` ends, exclusively. */
export function rangeEnd(t: number, range: number): number {
  return rangeStart(t, range) + range;
}

/** Where the block with `t` starts. */
export function rangeStart(t: number, range: number): number {
  return Math.floor(t / range) * range;
}
