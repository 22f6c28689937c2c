import type { CounterResetHint, FloatHistogram, Span } from '@prunella/metrics';
import { parseNumber } from './number.ts';

/** Reads `{{schema:0 sum:5 count:4 buckets:[1 2 1]}}`. @throws Error for what is no histogram */
export function parseHistogram(text: string): FloatHistogram {
  const fields = new Map<string, string>();
  const body = text.slice(2, -2).trim();
  const pattern = /\s*(\w+):\s*(\[[^\]]*\]|[^\s\]]+)/gy;
  let end = 0;
  for (const [whole, name, value] of body.matchAll(pattern)) {
    fields.set(name as string, value as string);
    end += whole.length;
  }
  if (body.slice(end).trim() !== '') throw new Error(`bad histogram ${JSON.stringify(text)}`);
  const number = (name: string): number => {
    const value = parseNumber(fields.get(name) ?? '0');
    if (value === undefined) throw new Error(`bad ${name} in histogram`);
    return value;
  };
  const list = (name: string): number[] =>
    (fields.get(name) ?? '[]')
      .slice(1, -1)
      .split(/\s+/)
      .filter((item) => item !== '')
      .map((item) => parseNumber(item) ?? NaN);
  const spans = (offset: number, { length }: readonly number[]): Span[] =>
    length > 0 ? [{ offset, length }] : [];
  const [positiveBuckets, negativeBuckets] = [list('buckets'), list('n_buckets')];
  return {
    kind: 'float',
    counterResetHint: (fields.get('counter_reset_hint') ?? 'unknown') as CounterResetHint,
    schema: number('schema'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    count: number('count'),
    sum: number('sum'),
    positiveSpans: spans(number('offset'), positiveBuckets),
    negativeSpans: spans(number('n_offset'), negativeBuckets),
    positiveBuckets,
    negativeBuckets,
    customValues: list('custom_values'),
  };
}

/** Whether a histogram's text names a reset hint, which then must be met. */
export const NAMES_HINT: RegExp = /counter_reset_hint:/;
