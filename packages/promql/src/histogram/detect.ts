import {
  isStaleAt,
  toFloatHistogram,
  wordsOf,
  type FloatHistogram,
  type SampleColumns,
} from '@prunella/metrics';
import { hasDropped } from './algebra.ts';

/**
 * Finds out for itself which histograms of a series follow a reset, where its storage does not know. Prometheus does so
 * where only counts and sums are asked for: it then drops the buckets on reading, and nothing later could tell.
 */
export function withDetectedResets(samples: SampleColumns): SampleColumns {
  const { histograms, values } = samples;
  if (!histograms) return samples;
  const words = wordsOf(values);
  let previous: FloatHistogram | undefined;
  const detected = histograms.map((each, i) => {
    if (!each || isStaleAt(words, i)) return each;
    const h = toFloatHistogram(each);
    const before = previous;
    previous = h;
    if (!before || h.counterResetHint !== 'unknown') return h;
    return { ...h, counterResetHint: hasDropped(before, h) ? ('reset' as const) : ('not_reset' as const) };
  });
  return { ...samples, histograms: detected };
}
