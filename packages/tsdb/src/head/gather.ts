import { inSlices } from '@prunella/metrics';
import type { LoggedFloats } from '../wal/records.ts';
import type { Head } from './head.ts';
import type { MemSeries } from './series.ts';

/** Floats of a series that are added at once. */
const RUN = 16;
/** Series whose runs share a buffer. */
const PAGE = 256;

/** The runs of some series, one behind the other. */
interface Page {
  readonly timestamps: Float64Array;
  readonly words: Uint32Array;
}

/**
 * Floats on their way from a log to the head. A log has them scrape by scrape; but a series, once it is in the
 * processor's cache, takes sixteen at little more than the price of one. So they are gathered series by series.
 */
export class FloatRuns {
  readonly #head: Head;
  readonly #slots = new Map<MemSeries, number>();
  readonly #pages: Page[] = [];
  /** By slot: whose floats they are, under which reference they come, how many there are, and the time up to which none is new. */
  readonly #series: MemSeries[] = [];
  readonly #refs: number[] = [];
  readonly #counts: number[] = [];
  readonly #newest: number[] = [];
  /** By slot: which one came next the last time, for scrapes name the same series in the same order. */
  readonly #next: number[] = [];
  #slot = 0;

  constructor(head: Head) {
    this.#head = head;
  }

  /** Adds one of the floats. @returns false where nobody knows its reference */
  add(floats: LoggedFloats, i: number): boolean {
    const ref = floats.refs[i]!;
    const t = floats.timestamps[i]!;
    let slot = this.#next[this.#slot];
    if (slot === undefined || this.#refs[slot] !== ref) {
      slot = this.#find(ref);
      if (slot === undefined) return false;
      this.#next[this.#slot] = slot;
    }
    this.#slot = slot;
    // A chunk of `chunks_head/` or a block has it.
    if (t <= this.#newest[slot]!) return true;
    this.#newest[slot] = t;
    const { timestamps, words } = this.#pages[Math.floor(slot / PAGE)]!;
    const count = this.#counts[slot]!;
    const at = (slot % PAGE) * RUN + count;
    timestamps[at] = t;
    words[2 * at] = floats.words[2 * i]!;
    words[2 * at + 1] = floats.words[2 * i + 1]!;
    this.#counts[slot] = count + 1;
    if (count + 1 === RUN) this.#release(slot);
    return true;
  }

  /** Call before a sample of another kind is added to the series. @returns whether it is newer than all there is */
  interrupt(series: MemSeries, t: number): boolean {
    const slot = this.#slots.get(series);
    if (slot !== undefined) {
      this.#release(slot);
      this.#newest[slot] = Math.max(this.#newest[slot]!, t);
    }
    return t > series.maxTime;
  }

  /** Hands all that has been gathered to the head. */
  finish(): Promise<void> {
    return inSlices(this.#slots.values(), (slot) => this.#release(slot));
  }

  #release(slot: number): void {
    const from = (slot % PAGE) * RUN;
    const run = this.#pages[Math.floor(slot / PAGE)]!;
    this.#head.append(this.#series[slot]!, run, from, from + this.#counts[slot]!);
    this.#counts[slot] = 0;
  }

  #find(ref: number): number | undefined {
    const series = this.#head.series.byRef(ref);
    if (series === undefined) return undefined;
    const known = this.#slots.get(series);
    if (known !== undefined) {
      this.#refs[known] = ref;
      return known;
    }
    const slot = this.#series.push(series) - 1;
    if (slot % PAGE === 0) {
      this.#pages.push({
        timestamps: new Float64Array(PAGE * RUN),
        words: new Uint32Array(2 * PAGE * RUN),
      });
    }
    this.#slots.set(series, slot);
    this.#refs.push(ref);
    this.#counts.push(0);
    // Times are whole numbers.
    this.#newest.push(Math.max(series.maxTime, this.#head.floor - 1));
    return slot;
  }
}
