import { wordsOf, type SampleColumns } from '@prunella/metrics';
import type { Chunk } from '../block/chunks.ts';
import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
import { XorAppender } from '../chunks/xor.ts';

const SAMPLES_PER_CHUNK = 120;

/** Samples as chunks of even length, at most 120 samples each. */
export function encodeColumns({ timestamps, values }: SampleColumns): Chunk[] {
  const words = wordsOf(values);
  const chunks: Chunk[] = [];
  let open = new XorAppender();
  let mint = 0;
  const close = (maxt: number): void => {
    chunks.push({ mint, maxt, encoding: open.encoding, data: open.bytes() });
    open = new XorAppender();
  };
  for (let i = 0; i < timestamps.length; i++) {
    if (open.count === SAMPLES_PER_CHUNK) close(timestamps[i - 1]!);
    if (open.count === 0) mint = timestamps[i]!;
    open.append(timestamps[i]!, words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!);
  }
  if (open.count > 0) close(timestamps.at(-1)!);
  return chunks;
}
