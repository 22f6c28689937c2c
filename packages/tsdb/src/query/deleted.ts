import { HIGH_WORD, LOW_WORD, type ColumnBuilder } from '../chunks/columns.ts';
import { covers, type Interval } from '../intervals.ts';

/** Takes samples in deleted ranges out of the columns. */
export function dropDeleted(columns: ColumnBuilder, deleted: readonly Interval[]): void {
  const { timestamps, words, histograms } = columns;
  let kept = 0;
  for (let i = 0; i < columns.length; i++) {
    if (covers(deleted, timestamps[i]!)) continue;
    timestamps[kept] = timestamps[i]!;
    words[2 * kept + HIGH_WORD] = words[2 * i + HIGH_WORD]!;
    words[2 * kept + LOW_WORD] = words[2 * i + LOW_WORD]!;
    if (histograms !== undefined) histograms[kept] = histograms[i];
    kept++;
  }
  columns.length = kept;
}
