import { wordsOf, type FloatHistogram, type Histogram, type SampleColumns } from '@prunella/metrics';
import type { Chunk } from '../block/chunks.ts';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { isCounterReset } from '../chunks/counter_reset.ts';
import type { ChunkAppender } from '../chunks/encoding.ts';
import { HistogramAppender } from '../chunks/histogram.ts';
import { XorAppender } from '../chunks/xor.ts';

const SAMPLES_PER_CHUNK = 120;

/** Samples as chunks of at most 120, each of one kind. */
export function encodeColumns(columns: SampleColumns): Chunk[] {
  const { timestamps, values, histograms } = columns;
  const words = wordsOf(values);
  const chunks: Chunk[] = [];
  let open: ChunkAppender | undefined;
  let mint = 0;
  let previous: Histogram | FloatHistogram | undefined;
  const close = (maxt: number): void => {
    if (open !== undefined) chunks.push({ mint, maxt, encoding: open.encoding, data: open.data() });
  };
  for (let i = 0; i < timestamps.length; i++) {
    const h = histograms?.[i];
    const goesOn = open !== undefined && open.count < SAMPLES_PER_CHUNK && fits(open, previous, h);
    if (!goesOn) {
      close(timestamps[i - 1] ?? 0);
      mint = timestamps[i]!;
      open = h === undefined ? new XorAppender() : new HistogramAppender(h, hintOf(previous, h));
    }
    if (h === undefined)
      (open as XorAppender).append(timestamps[i]!, words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!);
    else (open as HistogramAppender).append(timestamps[i]!, h);
    previous = h;
  }
  close(timestamps.at(-1) ?? 0);
  return chunks;
}

type AnyHistogram = Histogram | FloatHistogram | undefined;

function fits(open: ChunkAppender, previous: AnyHistogram, h: AnyHistogram): boolean {
  if (h === undefined) return open instanceof XorAppender;
  if (!(open instanceof HistogramAppender) || !open.fits(h)) return false;
  return previous === undefined || h.counterResetHint === 'gauge' || !isCounterReset(previous, h);
}

function hintOf(previous: AnyHistogram, h: Histogram | FloatHistogram): Histogram['counterResetHint'] {
  if (h.counterResetHint === 'gauge' || h.counterResetHint === 'reset') return h.counterResetHint;
  if (previous === undefined) return 'unknown';
  return isCounterReset(previous, h) ? 'reset' : 'not_reset';
}
