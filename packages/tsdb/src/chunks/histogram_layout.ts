import {
  CUSTOM_BUCKETS_SCHEMA,
  type CounterResetHint,
  type Histogram,
  type FloatHistogram,
  type Span,
} from '@prunella/metrics';
import { CorruptionError } from '../errors.ts';
import type { BitReader, BitWriter } from './bits.ts';
import { readVarbitInt, readVarbitUint, writeVarbitInt, writeVarbitUint } from './varbit.ts';

/** What all histograms of a chunk have in common; it stands once, before the samples. */
export interface HistogramLayout {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  readonly customValues: readonly number[];
}

/** How the chunk's first histogram relates to the one before it: the two highest bits of the flags. */
const HINTS: Readonly<Record<CounterResetHint, number>> = {
  unknown: 0,
  not_reset: 0x40,
  reset: 0x80,
  gauge: 0xc0,
};

/** `flags u8 | zero threshold | schema | positive spans | negative spans | custom bounds`. */
export function writeLayout(out: BitWriter, hint: CounterResetHint, layout: HistogramLayout): void {
  out.bits(HINTS[hint], 8);
  writeZeroThreshold(out, layout.zeroThreshold);
  writeVarbitInt(out, layout.schema);
  writeSpans(out, layout.positiveSpans);
  writeSpans(out, layout.negativeSpans);
  if (layout.schema !== CUSTOM_BUCKETS_SCHEMA) return;
  writeVarbitUint(out, layout.customValues.length);
  for (const bound of layout.customValues) writeBound(out, bound);
}

export function readLayout(input: BitReader): { hint: CounterResetHint; layout: HistogramLayout } {
  const flags = input.bits(8) & 0xc0;
  const hint = (Object.keys(HINTS) as CounterResetHint[]).find((each) => HINTS[each] === flags) ?? 'unknown';
  const zeroThreshold = readZeroThreshold(input);
  const schema = readVarbitInt(input);
  const positiveSpans = readSpans(input);
  const negativeSpans = readSpans(input);
  const customValues: number[] = [];
  if (schema === CUSTOM_BUCKETS_SCHEMA) {
    for (let left = readVarbitUint(input); left > 0; left--) customValues.push(readBound(input));
  }
  return { hint, layout: { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } };
}

export function sameLayout(a: HistogramLayout, b: HistogramLayout): boolean {
  return (
    a.schema === b.schema &&
    a.zeroThreshold === b.zeroThreshold &&
    sameSpans(a.positiveSpans, b.positiveSpans) &&
    sameSpans(a.negativeSpans, b.negativeSpans) &&
    a.customValues.length === b.customValues.length &&
    a.customValues.every((bound, i) => bound === b.customValues[i])
  );
}

export function layoutOf(h: Histogram | FloatHistogram): HistogramLayout {
  const { schema, zeroThreshold, positiveSpans, negativeSpans, customValues } = h;
  return { schema, zeroThreshold, positiveSpans, negativeSpans, customValues };
}

/** How many buckets the spans hold. No real histogram has a million; damaged bytes may claim more. */
export function bucketCount(spans: readonly Span[]): number {
  const count = spans.reduce((sum, span) => sum + span.length, 0);
  if (count > 1e6) throw new CorruptionError(`a histogram claims ${count} buckets`);
  return count;
}

function sameSpans(a: readonly Span[], b: readonly Span[]): boolean {
  return (
    a.length === b.length &&
    a.every((span, i) => span.offset === b[i]!.offset && span.length === b[i]!.length)
  );
}

function writeSpans(out: BitWriter, spans: readonly Span[]): void {
  writeVarbitUint(out, spans.length);
  for (const span of spans) {
    writeVarbitUint(out, span.length);
    writeVarbitInt(out, span.offset);
  }
}

function readSpans(input: BitReader): Span[] {
  const spans: Span[] = [];
  for (let left = readVarbitUint(input); left > 0; left--) {
    const length = readVarbitUint(input);
    spans.push({ length, offset: readVarbitInt(input) });
  }
  return spans;
}

/** A byte: 0 for zero, 1..254 for 2^-243 … 2^10; 255 and 64 bits for anything else. */
function writeZeroThreshold(out: BitWriter, threshold: number): void {
  if (threshold === 0) return out.bits(0, 8);
  const exponent = Math.round(Math.log2(threshold));
  if (exponent >= -243 && exponent <= 10 && 2 ** exponent === threshold) return out.bits(exponent + 244, 8);
  out.bits(255, 8);
  writeFloat(out, threshold);
}

function readZeroThreshold(input: BitReader): number {
  const byte = input.bits(8);
  if (byte === 0) return 0;
  return byte === 255 ? readFloat(input) : 2 ** (byte - 244);
}

/** Bounds that people write, multiples of a thousandth, take few bits: the multiple plus one. Others: 0 and 64 bits. */
function writeBound(out: BitWriter, bound: number): void {
  const thousandths = Math.round(bound * 1000);
  if (thousandths >= 0 && bound * 1000 <= 33_554_430 && thousandths / 1000 === bound) {
    return writeVarbitUint(out, thousandths + 1);
  }
  out.bit(false);
  writeFloat(out, bound);
}

function readBound(input: BitReader): number {
  const value = readVarbitUint(input);
  return value === 0 ? readFloat(input) : (value - 1) / 1000;
}

const scratch = new DataView(new ArrayBuffer(8));

export function writeFloat(out: BitWriter, value: number): void {
  scratch.setFloat64(0, value);
  out.words(scratch.getUint32(0), scratch.getUint32(4));
}

export function readFloat(input: BitReader): number {
  scratch.setUint32(0, input.bits(32));
  scratch.setUint32(4, input.bits(32));
  return scratch.getFloat64(0);
}

/** The double that two words are the bits of. */
export function floatOf(high: number, low: number): number {
  scratch.setUint32(0, high);
  scratch.setUint32(4, low);
  return scratch.getFloat64(0);
}

/** The two words of a double. */
export function wordsOfFloat(value: number): { high: number; low: number } {
  scratch.setFloat64(0, value);
  return { high: scratch.getUint32(0), low: scratch.getUint32(4) };
}
