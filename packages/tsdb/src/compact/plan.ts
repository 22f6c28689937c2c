import { rangeStart } from '../ranges.ts';

/** What planning looks at; `maxTime` is exclusive. */
export interface Candidate {
  readonly ulid: string;
  readonly minTime: number;
  readonly maxTime: number;
  readonly series: number;
  readonly tombstones: number;
}

/** Lengths of blocks, ms: each three times the one before, up to `longest`. */
export function blockRanges(shortest: number, longest: number): number[] {
  const ranges = [shortest];
  while (ranges.at(-1)! * 3 <= longest) ranges.push(ranges.at(-1)! * 3);
  return ranges;
}

/**
 * Which blocks to make one of next; none where all is well. First blocks that overlap; then, except for the newest
 * one, blocks that fill a longer range, or lie in one that no new block will come to; then a long block of which
 * more than a twentieth is deleted.
 */
export function plan(blocks: readonly Candidate[], ranges: readonly number[]): Candidate[] {
  const sorted = [...blocks].sort((a, b) => a.minTime - b.minTime);
  const overlapping = firstOverlap(sorted);
  if (overlapping.length > 0) return overlapping;
  const settled = sorted.slice(0, -1);
  for (const range of ranges.slice(1)) {
    for (const group of groupByRange(settled, range)) {
      const mint = group[0]!.minTime;
      const maxt = group.at(-1)!.maxTime;
      const complete = maxt - mint === range || maxt <= settled.at(-1)!.minTime;
      if (complete && group.length > 1) return group;
    }
  }
  const middle = ranges[Math.floor(ranges.length / 2)]!;
  const worn = settled.find(
    (it) => it.maxTime - it.minTime >= middle && it.tombstones / (it.series + 1) > 0.05,
  );
  return worn === undefined ? [] : [worn];
}

function firstOverlap(sorted: readonly Candidate[]): Candidate[] {
  let group: Candidate[] = [];
  let end = -Infinity;
  for (const block of sorted) {
    if (block.minTime < end) group.push(block);
    else if (group.length > 1) return group;
    else group = [block];
    end = Math.max(end, block.maxTime);
  }
  return group.length > 1 ? group : [];
}

/** Blocks that lie in the same stretch [n·range, (n+1)·range); those that lie in none are left out. */
function groupByRange(sorted: readonly Candidate[], range: number): Candidate[][] {
  const groups = new Map<number, Candidate[]>();
  for (const block of sorted) {
    const start = rangeStart(block.minTime, range);
    if (block.maxTime > start + range) continue;
    const group = groups.get(start);
    if (group === undefined) groups.set(start, [block]);
    else group.push(block);
  }
  return [...groups.values()];
}
