import {
  CUSTOM_BUCKETS_SCHEMA,
  formatFloat,
  type CounterResetHint,
  type FloatHistogram,
} from '@prunella/metrics';

/** Native histograms in the notation of tests: `{{schema:1 sum:2 count:3 buckets:[1 2] offset:-1}}`. */

const FIELD = /^(\w+):(?:\[([^\]]*)\]|(\S+))\s*/;
const HINTS: readonly string[] = ['unknown', 'reset', 'not_reset', 'gauge'];

/** @throws Error */
export function parseHistogram(text: string): FloatHistogram {
  const fields = new Map<string, string>();
  let rest = text.replace(/^\{\{\s*/, '').replace(/\s*\}\}$/, '');
  while (rest !== '') {
    const match = FIELD.exec(rest);
    if (!match) throw new Error(`bad histogram ${text} near ${JSON.stringify(rest)}`);
    fields.set(match[1] ?? '', match[2] ?? match[3] ?? '');
    rest = rest.slice(match[0].length);
  }
  const number = (name: string): number => numberOf(fields.get(name) ?? '0', text);
  const numbers = (name: string): number[] =>
    (fields.get(name) ?? '')
      .split(/[\s,]+/)
      .filter(Boolean)
      .map((each) => numberOf(each, text));
  const hint = fields.get('counter_reset_hint') ?? 'unknown';
  if (!HINTS.includes(hint))
    throw new Error(`bad histogram ${text}: counter_reset_hint ${JSON.stringify(hint)}`);
  const positive = numbers('buckets');
  const negative = numbers('n_buckets');
  return {
    kind: 'float',
    counterResetHint: hint as CounterResetHint,
    schema: number('schema'),
    zeroThreshold: number('z_bucket_w'),
    zeroCount: number('z_bucket'),
    count: number('count'),
    sum: number('sum'),
    positiveSpans: positive.length === 0 ? [] : [{ offset: number('offset'), length: positive.length }],
    negativeSpans: negative.length === 0 ? [] : [{ offset: number('n_offset'), length: negative.length }],
    positiveBuckets: positive,
    negativeBuckets: negative,
    customValues: number('schema') === CUSTOM_BUCKETS_SCHEMA ? numbers('custom_values') : [],
  };
}

function numberOf(text: string, whole: string): number {
  const value = /^[-+]?inf$/i.test(text) ? Number(text.replace(/inf/i, 'Infinity')) : Number(text);
  if (Number.isNaN(value) && text.toLowerCase() !== 'nan')
    throw new Error(`bad histogram ${whole}: ${JSON.stringify(text)}`);
  return value;
}

/** Buckets by index, without empty ones. */
export function bucketsOf(
  spans: FloatHistogram['positiveSpans'],
  counts: readonly number[],
): Map<number, number> {
  const buckets = new Map<number, number>();
  let index = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) {
      const count = counts[at++] ?? 0;
      if (count !== 0) buckets.set(index, count);
      index++;
    }
  }
  return buckets;
}

/** `a + factor·b`, for histograms of one layout. @throws Error for two schemas */
export function addHistograms(a: FloatHistogram, b: FloatHistogram, factor: number): FloatHistogram {
  if (
    a.schema !== b.schema ||
    a.zeroThreshold !== b.zeroThreshold ||
    String(a.customValues) !== String(b.customValues)
  ) {
    throw new Error('histograms with different buckets cannot be added in a test');
  }
  const positive = addBuckets(
    bucketsOf(a.positiveSpans, a.positiveBuckets),
    bucketsOf(b.positiveSpans, b.positiveBuckets),
    factor,
  );
  const negative = addBuckets(
    bucketsOf(a.negativeSpans, a.negativeBuckets),
    bucketsOf(b.negativeSpans, b.negativeBuckets),
    factor,
  );
  return {
    ...a,
    count: a.count + factor * b.count,
    sum: a.sum + factor * b.sum,
    zeroCount: a.zeroCount + factor * b.zeroCount,
    positiveSpans: positive.spans,
    positiveBuckets: positive.counts,
    negativeSpans: negative.spans,
    negativeBuckets: negative.counts,
  };
}

function addBuckets(
  a: Map<number, number>,
  b: Map<number, number>,
  factor: number,
): { spans: { offset: number; length: number }[]; counts: number[] } {
  const indexes = [...a.keys(), ...b.keys()];
  if (indexes.length === 0) return { spans: [], counts: [] };
  const first = Math.min(...indexes);
  const length = Math.max(...indexes) - first + 1;
  const counts = Array.from({ length }, (_, i) => (a.get(first + i) ?? 0) + factor * (b.get(first + i) ?? 0));
  return { spans: [{ offset: first, length }], counts };
}

/** Prints in the notation that `parseHistogram` reads, so that equal histograms give equal texts. */
export function printHistogram(h: FloatHistogram): string {
  const fields: string[] = [];
  const add = (name: string, value: number): void => {
    if (value !== 0) fields.push(`${name}:${formatFloat(value)}`);
  };
  add('schema', h.schema);
  add('count', h.count);
  add('sum', h.sum);
  add('z_bucket', h.zeroCount);
  add('z_bucket_w', h.zeroThreshold);
  if (h.customValues.length > 0) fields.push(`custom_values:[${h.customValues.map(formatFloat).join(' ')}]`);
  if (h.counterResetHint !== 'unknown') fields.push(`counter_reset_hint:${h.counterResetHint}`);
  addBucketFields(fields, '', bucketsOf(h.positiveSpans, h.positiveBuckets));
  addBucketFields(fields, 'n_', bucketsOf(h.negativeSpans, h.negativeBuckets));
  return `{{${fields.join(' ')}}}`;
}

function addBucketFields(fields: string[], prefix: string, buckets: Map<number, number>): void {
  if (buckets.size === 0) return;
  const first = Math.min(...buckets.keys());
  const length = Math.max(...buckets.keys()) - first + 1;
  if (first !== 0) fields.push(`${prefix}offset:${first}`);
  const counts = Array.from({ length }, (_, i) => formatFloat(buckets.get(first + i) ?? 0));
  fields.push(`${prefix}buckets:[${counts.join(' ')}]`);
}
