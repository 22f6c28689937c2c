import type { Arena } from '../chunks/arena.ts';
import { UNIT } from '../chunks/arena.ts';
import { XorAppender } from '../chunks/xor.ts';
import {
  ADDRESS,
  CAPACITY,
  COUNT,
  F64,
  HIGH,
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

/** Memory that a chunk begins with, and that it gets more of at a time. */
const PIECE_UNITS = 4;
/** No sample takes more bits: 68 for a step that changes, 77 for a value in a new window. */
const MOST_BITS = 160;

/** The chunks of floats that series are being appended to, in an arena; one writer serves them all. */
export class OpenFloats {
  readonly #arena: Arena;
  readonly #pen: XorAppender = new XorAppender();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Adds a float to the open chunk of a record; where there is none (`count` 0), begins it. */
  append({ f64, u32, u16, u8 }: SeriesPage, record: number, t: number, high: number, low: number): void {
    const words = record * U32;
    const halves = record * U16;
    const bytes = record * U8;
    const pen = this.#pen;
    pen.count = u16[halves + COUNT]!;
    let position = u32[words + POSITION]!;
    if (pen.count === 0) {
      position = 0;
      u32[words + ADDRESS] = this.#allocate(PIECE_UNITS);
      u16[halves + CAPACITY] = PIECE_UNITS;
    } else if (u16[halves + CAPACITY]! * UNIT * 8 - position < MOST_BITS) {
      const units = u16[halves + CAPACITY]!;
      u32[words + ADDRESS] = this.#grow(u32[words + ADDRESS]!, units);
      u16[halves + CAPACITY] = units + PIECE_UNITS;
    }
    const address = u32[words + ADDRESS]!;
    const offset = this.#arena.offset(address);
    pen.bytes = this.#arena.slab(address);
    pen.position = offset * 8 + position;
    pen.t = f64[record * F64 + MAX_TIME]!;
    pen.step = f64[record * F64 + STEP]!;
    pen.high = u32[words + HIGH]! | 0;
    pen.low = u32[words + LOW]! | 0;
    pen.leading = u8[bytes + LEADING]!;
    pen.trailing = u8[bytes + TRAILING]!;
    pen.append(t, high, low);
    pen.bytes[offset] = pen.count >>> 8;
    pen.bytes[offset + 1] = pen.count;
    u16[halves + COUNT] = pen.count;
    u32[words + POSITION] = pen.position - offset * 8;
    f64[record * F64 + STEP] = pen.step;
    u8[bytes + LEADING] = pen.leading;
    u8[bytes + TRAILING] = pen.trailing;
  }

  /** The open chunk's data: a view that the next append may change. */
  data({ u32 }: SeriesPage, record: number): Uint8Array {
    const address = u32[record * U32 + ADDRESS]!;
    const offset = this.#arena.offset(address);
    const length = (u32[record * U32 + POSITION]! + 7) >>> 3;
    return this.#arena.slab(address).subarray(offset, offset + length);
  }

  /** Gives the open chunk's memory back. */
  drop({ u32, u16 }: SeriesPage, record: number): void {
    this.#arena.free(u32[record * U32 + ADDRESS]!, u16[record * U16 + CAPACITY]! * UNIT);
    u16[record * U16 + COUNT] = 0;
  }

  #allocate(units: number): number {
    const address = this.#arena.allocate(units * UNIT);
    const offset = this.#arena.offset(address);
    this.#arena.slab(address).fill(0, offset, offset + units * UNIT);
    return address;
  }

  #grow(address: number, units: number): number {
    const grown = this.#allocate(units + PIECE_UNITS);
    const from = this.#arena.offset(address);
    const old = this.#arena.slab(address).subarray(from, from + units * UNIT);
    this.#arena.slab(grown).set(old, this.#arena.offset(grown));
    this.#arena.free(address, units * UNIT);
    return grown;
  }
}
