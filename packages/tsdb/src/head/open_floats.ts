import { XorAppender } from '../chunks/xor.ts';
import type { ByteChains } from './chains.ts';
import {
  COUNT,
  F64,
  FIRST_CELL,
  HIGH,
  LAST_CELL,
  LEADING,
  LOW,
  MAX_TIME,
  POSITION,
  STEP,
  TRAILING,
  U16,
  U32,
  U8,
  type SeriesPage,
} from './page.ts';

/** No sample takes more bytes: 16 bits of count, a time of ten bytes and a value of 77 bits; and bits of the one before. */
const MOST_BYTES = 32;

/** The chunks of floats that series are being appended to, as chains of cells; one writer serves them all. */
export class OpenFloats {
  readonly #chains: ByteChains;
  readonly #pen: XorAppender = new XorAppender();
  readonly #sample: Uint8Array = new Uint8Array(MOST_BYTES);

  constructor(chains: ByteChains) {
    this.#chains = chains;
    this.#pen.bytes = this.#sample;
  }

  /** Adds a float to the open chunk of a record; where there is none (`count` 0), begins it. */
  append({ f64, u32, u16, u8 }: SeriesPage, record: number, t: number, high: number, low: number): void {
    const words = record * U32;
    const bytes = record * U8;
    const chains = this.#chains;
    const pen = this.#pen;
    const count = u16[record * U16 + COUNT]!;
    if (count === 0) {
      u32[words + POSITION] = 0;
      u32[words + FIRST_CELL] = u32[words + LAST_CELL] = chains.begin();
    }
    // The sample is written apart, behind the bits of the byte that the one before has begun.
    const end = u32[words + POSITION]!;
    const begun = end & 7;
    const byte = end >>> 3;
    const last = u32[words + LAST_CELL]!;
    this.#sample.fill(0);
    if (begun > 0) this.#sample[0] = chains.byteAt(last, byte);
    pen.position = begun;
    pen.count = count;
    pen.t = f64[record * F64 + MAX_TIME]!;
    pen.step = f64[record * F64 + STEP]!;
    pen.high = u32[words + HIGH]! | 0;
    pen.low = u32[words + LOW]! | 0;
    pen.leading = u8[bytes + LEADING]!;
    pen.trailing = u8[bytes + TRAILING]!;
    pen.append(t, high, low);
    if (begun > 0) chains.setByte(last, byte, this.#sample[0]!);
    const written = begun > 0 ? 1 : 0;
    u32[words + LAST_CELL] = chains.write(last, byte + written, this.#sample, written, pen.byteLength);
    const first = u32[words + FIRST_CELL]!;
    chains.setByte(first, 0, pen.count >>> 8);
    chains.setByte(first, 1, pen.count);
    u16[record * U16 + COUNT] = pen.count;
    u32[words + POSITION] = end - begun + pen.position;
    f64[record * F64 + STEP] = pen.step;
    u8[bytes + LEADING] = pen.leading;
    u8[bytes + TRAILING] = pen.trailing;
  }

  /** The chain of the open chunk, and how long it is. */
  chain({ u32 }: SeriesPage, record: number): { readonly first: number; readonly length: number } {
    return { first: u32[record * U32 + FIRST_CELL]!, length: (u32[record * U32 + POSITION]! + 7) >>> 3 };
  }
}
