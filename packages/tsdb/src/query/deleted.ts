import { HIGH_WORD, LOW_WORD, type ColumnBuilder } from '../chunks/columns.ts';
import { covers, type Interval } from '../intervals.ts';

/** Takes samples in deleted ranges out of the series at hand. */
export function dropDeleted(columns: ColumnBuilder, deleted: readonly Interval[]): void {
  const { timestamps, words, histograms, start, end } = columns;
  let kept = start;
  for (let i = start; i < end; i++) {
    if (covers(deleted, timestamps[i]!)) continue;
    timestamps[kept] = timestamps[i]!;
    words[2 * kept + HIGH_WORD] = words[2 * i + HIGH_WORD]!;
    words[2 * kept + LOW_WORD] = words[2 * i + LOW_WORD]!;
    if (histograms !== undefined) histograms[kept - start] = histograms[i - start];
    kept++;
  }
  columns.truncate(kept - start);
}
