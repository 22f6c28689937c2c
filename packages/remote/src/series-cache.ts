/**
 * The storage's references of series by their labels as they are sent: a sender repeats the same bytes with every
 * sample, so only a new series is decoded, sorted and looked up. Bytes are compared, never hashes alone.
 */
import type { SeriesRef } from '@prunella/metrics';

/** Series with the same lowest bits of their hash share a shard: what grows or is cleared up at once stays small. */
const SHARDS = 256;
const FIRST_SLOTS = 16;
/** A look-up that has met so many others gives up: crafted hashes must not make it slow. */
const MOST_PROBES = 32;
/** Before a record's bytes: hash, length, reference (two words), when it was last seen (s). */
const HEADER = 20;

export interface SeriesCacheOptions {
  /** Of all labels together, about. @default 256 MiB */
  readonly maxBytes?: number;
  /** What has not been seen for so long may go, ms. @default 1 h */
  readonly idleMs?: number;
  /** ms, never going back */
  readonly now: () => number;
}

export class SeriesCache {
  readonly #shards: Shard[] = [];
  readonly #now: () => number;
  /** Nobody outside can know which keys will meet. */
  readonly #seed = (Math.random() * 0x1_0000_0000) | 0;

  constructor({ maxBytes = 256 * 1024 * 1024, idleMs = 3_600_000, now }: SeriesCacheOptions) {
    this.#now = now;
    for (let i = 0; i < SHARDS; i++)
      this.#shards.push(new Shard(Math.ceil(maxBytes / SHARDS), Math.ceil(idleMs / 1000)));
  }

  /** How many series are known. */
  get size(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.size, 0);
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#shards.reduce((sum, shard) => sum + shard.bytes, 0);
  }

  /** The reference kept for the bytes `start..end`, or 0. */
  find(key: DataView, start: number, end: number): SeriesRef {
    const hashed = hash(key, start, end, this.#seed);
    return this.#shard(hashed).find(hashed, key, start, end, this.#seconds());
  }

  keep(key: DataView, start: number, end: number, ref: SeriesRef): void {
    const hashed = hash(key, start, end, this.#seed);
    this.#shard(hashed).keep(hashed, key, start, end, ref, this.#seconds());
  }

  #shard(hashed: number): Shard {
    return this.#shards[hashed & (SHARDS - 1)] as Shard;
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000) >>> 0;
  }
}

/** A hash table with its records in one buffer: nothing in it is an object that garbage collection would visit. */
class Shard {
  readonly #maxBytes: number;
  readonly #idle: number;
  size = 0;
  /** Where the record is, in bytes, plus 1; 0 = free. */
  #slots = new Int32Array(FIRST_SLOTS);
  #view = new DataView(new ArrayBuffer(0));
  #used = 0;

  constructor(maxBytes: number, idle: number) {
    this.#maxBytes = maxBytes;
    this.#idle = idle;
  }

  get bytes(): number {
    return this.#view.byteLength + this.#slots.byteLength;
  }

  find(hashed: number, key: DataView, start: number, end: number, now: number): SeriesRef {
    const at = this.#locate(hashed, key, start, end);
    if (at < 0) return 0;
    this.#view.setUint32(at + 16, now);
    return this.#view.getUint32(at + 8) * 0x1_0000_0000 + this.#view.getUint32(at + 12);
  }

  keep(hashed: number, key: DataView, start: number, end: number, ref: SeriesRef, now: number): void {
    let at = this.#locate(hashed, key, start, end);
    if (at < 0) {
      const length = end - start;
      if (!this.#makeRoom(HEADER + padded(length), now)) return;
      at = this.#used;
      if (!this.#enter(hashed, at)) return;
      const view = this.#view;
      view.setInt32(at, hashed);
      view.setUint32(at + 4, length);
      for (let i = 0; i < length; i++) view.setUint8(at + HEADER + i, key.getUint8(start + i));
      this.#used += HEADER + padded(length);
      this.size += 1;
    }
    this.#view.setUint32(at + 8, Math.floor(ref / 0x1_0000_0000));
    this.#view.setUint32(at + 12, ref >>> 0);
    this.#view.setUint32(at + 16, now);
  }

  #locate(hashed: number, key: DataView, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const view = this.#view;
    for (let probe = 0, slot = slotOf(hashed); probe < MOST_PROBES; probe++, slot++) {
      const at = (slots[slot & mask] as number) - 1;
      if (at < 0) return -1;
      if (view.getInt32(at) !== hashed || view.getUint32(at + 4) !== end - start) continue;
      if (sameBytes(view, at + HEADER, key, start, end)) return at;
    }
    return -1;
  }

  /** @returns false where too many others are in the way */
  #enter(hashed: number, at: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let probe = 0, slot = slotOf(hashed); probe < MOST_PROBES; probe++, slot++) {
      if (slots[slot & mask] !== 0) continue;
      slots[slot & mask] = at + 1;
      return true;
    }
    return false;
  }

  /** Lets go of what was not seen lately where there is no room; grows where that is not enough. @returns success */
  #makeRoom(length: number, now: number): boolean {
    if (length > this.#maxBytes) return false;
    const fits = (): boolean =>
      this.#used + length <= this.#view.byteLength && (this.size + 1) * 2 <= this.#slots.length;
    if (fits()) return true;
    this.#rebuild(length, now - this.#idle);
    // More series are sent at once than may be kept: start anew with those that come now.
    if (this.#used + length > this.#maxBytes) this.#rebuild(length, Infinity);
    return fits();
  }

  /** Moves the records seen since `oldest` to buffers that have room for as much again. */
  #rebuild(length: number, oldest: number): void {
    const before = this.#view;
    const kept: number[] = [];
    let used = 0;
    for (let at = 0; at < this.#used; at += recordLength(before, at)) {
      if (before.getUint32(at + 16) < oldest) continue;
      kept.push(at);
      used += recordLength(before, at);
    }
    const room = Math.max(used + length, Math.min(this.#maxBytes, Math.ceil((used + length) * 1.5)));
    this.#view = new DataView(new ArrayBuffer(room));
    let slots = FIRST_SLOTS;
    while (slots < (kept.length + 1) * 3) slots *= 2;
    this.#slots = new Int32Array(slots);
    this.#used = 0;
    this.size = 0;
    const target = new Uint8Array(this.#view.buffer);
    for (const at of kept) {
      if (!this.#enter(before.getInt32(at), this.#used)) continue;
      const size = recordLength(before, at);
      target.set(new Uint8Array(before.buffer, at, size), this.#used);
      this.#used += size;
      this.size += 1;
    }
  }
}

function recordLength(view: DataView, at: number): number {
  return HEADER + padded(view.getUint32(at + 4));
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** The lowest bits have chosen the shard. */
function slotOf(hashed: number): number {
  return hashed >>> 8;
}

function sameBytes(kept: DataView, at: number, key: DataView, start: number, end: number): boolean {
  let i = start;
  let j = at;
  for (; i + 4 <= end; i += 4, j += 4) if (kept.getInt32(j) !== key.getInt32(i)) return false;
  for (; i < end; i++, j++) if (kept.getUint8(j) !== key.getUint8(i)) return false;
  return true;
}

/** Word by word, in the manner of MurmurHash3. */
function hash(key: DataView, start: number, end: number, seed: number): number {
  let value = seed ^ (end - start);
  let i = start;
  for (; i + 4 <= end; i += 4) value = mix(value, key.getInt32(i));
  let rest = 0;
  for (; i < end; i++) rest = (rest << 8) | key.getUint8(i);
  value = mix(value, rest);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}

function mix(value: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const mixed = value ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
