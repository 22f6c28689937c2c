import { Pacer } from '@prunella/metrics';

/**
 * A posting list: series numbers in rising order, read lazily. A fresh list stands before its first entry. Operations
 * build on `seek`, so that an intersection reads little of its longer lists.
 */
export interface Postings {
  /** Goes on by one. @returns false at the end, for good */
  next(): boolean;
  /** Goes on to the first entry >= `min`, which may be the current one. */
  seek(min: number): boolean;
  /** The entry stood on; only meaningful after `next` or `seek` returned true. */
  readonly at: number;
}

export const NO_POSTINGS: Postings = { at: 0, next: () => false, seek: () => false };

/** Over a sorted array. */
export class ListPostings implements Postings {
  readonly #list: ArrayLike<number>;
  #index = -1;

  constructor(list: ArrayLike<number>) {
    this.#list = list;
  }

  get at(): number {
    return this.#list[this.#index]!;
  }

  next(): boolean {
    if (this.#index < this.#list.length) this.#index++;
    return this.#index < this.#list.length;
  }

  seek(min: number): boolean {
    const list = this.#list;
    if (this.#index < 0) this.#index = 0;
    if (this.#index >= list.length) return false;
    if (list[this.#index]! >= min) return true;
    // Gallop, then halve: near entries are found in a few steps, far ones in a logarithm.
    let low = this.#index;
    let stride = 1;
    while (low + stride < list.length && list[low + stride]! < min) {
      low += stride;
      stride *= 2;
    }
    let high = Math.min(low + stride, list.length);
    while (low + 1 < high) {
      const middle = (low + high) >>> 1;
      if (list[middle]! < min) low = middle;
      else high = middle;
    }
    this.#index = high;
    return high < list.length;
  }
}

/** Entries of all lists. */
export function intersect(lists: readonly Postings[]): Postings {
  if (lists.length === 0) return NO_POSTINGS;
  return lists.length === 1 ? lists[0]! : new Intersection(lists);
}

class Intersection implements Postings {
  readonly #lists: readonly Postings[];
  at = 0;

  constructor(lists: readonly Postings[]) {
    this.#lists = lists;
  }

  next(): boolean {
    return this.#lists[0]!.next() && this.#agree(this.#lists[0]!.at);
  }

  seek(min: number): boolean {
    return this.#agree(min);
  }

  #agree(from: number): boolean {
    let candidate = from;
    for (;;) {
      let highest = candidate;
      for (const list of this.#lists) {
        if (!list.seek(highest)) return false;
        highest = list.at;
      }
      if (highest === candidate && this.#lists[0]!.at === highest) {
        this.at = highest;
        return true;
      }
      candidate = highest;
    }
  }
}

/** Entries of any list, each once. */
export function union(lists: readonly Postings[]): Postings {
  if (lists.length === 0) return NO_POSTINGS;
  if (lists.length === 1) return lists[0]!;
  if (lists.length === 2) return new Union(lists[0]!, lists[1]!);
  // A balanced tree of pairs: every entry passes log2(n) comparisons.
  const half = lists.length >>> 1;
  return new Union(union(lists.slice(0, half)), union(lists.slice(half)));
}

class Union implements Postings {
  readonly #a: Postings;
  readonly #b: Postings;
  #aLive = true;
  #bLive = true;
  #started = false;
  at = 0;

  constructor(a: Postings, b: Postings) {
    this.#a = a;
    this.#b = b;
  }

  next(): boolean {
    if (!this.#started) {
      this.#started = true;
      this.#aLive = this.#a.next();
      this.#bLive = this.#b.next();
    } else {
      const { at } = this;
      if (this.#aLive && this.#a.at === at) this.#aLive = this.#a.next();
      if (this.#bLive && this.#b.at === at) this.#bLive = this.#b.next();
    }
    return this.#settle();
  }

  seek(min: number): boolean {
    if (this.#started && !this.#aLive && !this.#bLive) return false;
    if (this.#aLive) this.#aLive = this.#a.seek(min);
    if (this.#bLive) this.#bLive = this.#b.seek(min);
    this.#started = true;
    return this.#settle();
  }

  #settle(): boolean {
    if (this.#aLive) {
      this.at = this.#bLive && this.#b.at < this.#a.at ? this.#b.at : this.#a.at;
      return true;
    }
    if (this.#bLive) this.at = this.#b.at;
    return this.#bLive;
  }
}

/** Entries of `from` that are not in `dropped`. */
export function without(from: Postings, dropped: Postings): Postings {
  return dropped === NO_POSTINGS ? from : new Difference(from, dropped);
}

class Difference implements Postings {
  readonly #from: Postings;
  readonly #dropped: Postings;
  #dropping = true;

  constructor(from: Postings, dropped: Postings) {
    this.#from = from;
    this.#dropped = dropped;
  }

  get at(): number {
    return this.#from.at;
  }

  next(): boolean {
    return this.#from.next() && this.#skip();
  }

  seek(min: number): boolean {
    return this.#from.seek(min) && this.#skip();
  }

  #skip(): boolean {
    for (;;) {
      const { at } = this.#from;
      if (this.#dropping) this.#dropping = this.#dropped.seek(at);
      if (!this.#dropping || this.#dropped.at !== at) return true;
      if (!this.#from.next()) return false;
    }
  }
}

/** All entries as an array, read with pauses. */
export async function collect(postings: Postings): Promise<number[]> {
  const pacer = new Pacer();
  const list: number[] = [];
  while (postings.next()) {
    list.push(postings.at);
    const pause = list.length % 256 === 0 ? pacer.pause() : undefined;
    if (pause) await pause;
  }
  return list;
}
