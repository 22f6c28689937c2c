import { HIGH_WORD, LOW_WORD } from '../chunks/columns.ts';
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

/** Floats in order of time, each as the two words of its bits. */
export interface FloatRun {
  readonly timestamps: ArrayLike<number>;
  /** Two to a float: see `HIGH_WORD`, `LOW_WORD`. */
  readonly words: ArrayLike<number>;
}

/** No sample takes more bytes: 16 bits of count, a time of ten bytes and a value of 77 bits; and bits of the one before. */
const MOST_BYTES = 32;

/** The chunks of floats that series are being appended to, as chains of cells; one writer serves them all. */
export class OpenFloats {
  readonly #chains: ByteChains;
  readonly #pen: XorAppender = new XorAppender();

  constructor(chains: ByteChains) {
    this.#chains = chains;
    this.#pen.bytes = new Uint8Array(8 * MOST_BYTES);
  }

  /** Adds the floats from..to of a run to the open chunk of a record; where there is none (`count` 0), begins it. */
  append(page: SeriesPage, record: number, { timestamps, words }: FloatRun, from: number, to: number): void {
    const pen = this.#pen;
    const begun = this.#begin(page, record);
    for (let i = from; i < to; i++) {
      pen.append(timestamps[i]!, words[2 * i + HIGH_WORD]!, words[2 * i + LOW_WORD]!);
    }
    this.#end(page, record, begun);
  }

  /** Floats are written apart, behind the bits of the byte that the one before has begun. @returns how many bits those are */
  #begin({ f64, u32, u16, u8 }: SeriesPage, record: number): number {
    const words = record * U32;
    const bytes = record * U8;
    const pen = this.#pen;
    const count = u16[record * U16 + COUNT]!;
    if (count === 0) {
      u32[words + POSITION] = 0;
      u32[words + FIRST_CELL] = u32[words + LAST_CELL] = this.#chains.begin();
    }
    const end = u32[words + POSITION]!;
    const begun = end & 7;
    pen.reset();
    if (begun > 0) pen.bytes[0] = this.#chains.byteAt(u32[words + LAST_CELL]!, end >>> 3);
    pen.position = begun;
    pen.count = count;
    pen.t = f64[record * F64 + MAX_TIME]!;
    pen.step = f64[record * F64 + STEP]!;
    pen.high = u32[words + HIGH]! | 0;
    pen.low = u32[words + LOW]! | 0;
    pen.leading = u8[bytes + LEADING]!;
    pen.trailing = u8[bytes + TRAILING]!;
    return begun;
  }

  #end({ f64, u32, u16, u8 }: SeriesPage, record: number, begun: number): void {
    const words = record * U32;
    const bytes = record * U8;
    const chains = this.#chains;
    const pen = this.#pen;
    const end = u32[words + POSITION]!;
    const byte = end >>> 3;
    const last = u32[words + LAST_CELL]!;
    const written = begun > 0 ? 1 : 0;
    if (begun > 0) chains.setByte(last, byte, pen.bytes[0]!);
    u32[words + LAST_CELL] = chains.write(last, byte + written, pen.bytes, written, pen.byteLength);
    const first = u32[words + FIRST_CELL]!;
    chains.setByte(first, 0, pen.count >>> 8);
    chains.setByte(first, 1, pen.count);
    u16[record * U16 + COUNT] = pen.count;
    u32[words + POSITION] = end - begun + pen.position;
    f64[record * F64 + MAX_TIME] = pen.t;
    f64[record * F64 + STEP] = pen.step;
    u32[words + HIGH] = pen.high;
    u32[words + LOW] = pen.low;
    u8[bytes + LEADING] = pen.leading;
    u8[bytes + TRAILING] = pen.trailing;
  }

  /** The chain of the open chunk, and how long it is. */
  chain({ u32 }: SeriesPage, record: number): { readonly first: number; readonly length: number } {
    return { first: u32[record * U32 + FIRST_CELL]!, length: (u32[record * U32 + POSITION]! + 7) >>> 3 };
  }
}
