/**
 * The numbers of a series that an append reads and changes, outside the heap: as objects, a hundred thousand series
 * would be a million things for the garbage collector to look at. A record, in bytes:
 *
 *     maxTime 8 | openMinTime 8 | cutAt 8 | step 8 | pendingTime 8 | high 4 | low 4 | position 4 | firstCell 4 |
 *     lastCell 4 | firstSealed 4 | lastSealed 4 | rank 4 | count 2 | leading 1 | trailing 1 | flags 1 | unused 3
 */
const RECORD_BYTES = 80;
const RECORDS = 1024;

/** How many entries of each view a record takes. */
export const F64: number = RECORD_BYTES / 8;
export const U32: number = RECORD_BYTES / 4;
export const U16: number = RECORD_BYTES / 2;
export const U8: number = RECORD_BYTES;

/** Of the newest sample, ms; -Infinity where there is none. */
export const MAX_TIME = 0;
/** Of the open chunk, ms: its first sample, and when it is to be cut at the latest. */
export const OPEN_MIN_TIME = 1;
export const CUT_AT = 2;
/** Between the newest two samples, ms. */
export const STEP = 3;
/** Of the newest sample of the batch under way, ms. */
export const PENDING_TIME = 4;
/** The newest float's bits. */
export const HIGH = 10;
export const LOW = 11;
/** Of the open chunk of floats: bits written, and the chain of cells that they are in. */
export const POSITION = 12;
export const FIRST_CELL = 13;
export const LAST_CELL = 14;
/** Addresses of the oldest and newest sealed chunk; 0 = there is none. */
export const FIRST_SEALED = 15;
export const LAST_SEALED = 16;
export const RANK = 17;
/** Samples in the open chunk of floats. */
export const COUNT = 36;
/** The window of meaningful bits used last. */
export const LEADING = 74;
export const TRAILING = 75;
export const FLAGS = 76;

/** A page of records: one buffer, seen as numbers of every width. */
export class SeriesPage {
  readonly f64: Float64Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;

  constructor(records: number) {
    const buffer = new ArrayBuffer(records * RECORD_BYTES);
    this.f64 = new Float64Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }

  /** Makes a record that of a series without samples. */
  clear(record: number): void {
    this.u8.fill(0, record * U8, (record + 1) * U8);
    this.f64[record * F64 + MAX_TIME] = -Infinity;
  }
}

/** Where a series's record is. */
export interface Place {
  readonly page: SeriesPage;
  readonly record: number;
}

/** Hands out records. */
export class SeriesPages {
  #page: SeriesPage = new SeriesPage(RECORDS);
  #used = 0;
  readonly #free: Place[] = [];

  allocate(): Place {
    const place = this.#free.pop() ?? this.#next();
    place.page.clear(place.record);
    return place;
  }

  /** The record may be handed out again. */
  free(place: Place): void {
    this.#free.push(place);
  }

  #next(): Place {
    if (this.#used === RECORDS) {
      this.#page = new SeriesPage(RECORDS);
      this.#used = 0;
    }
    return { page: this.#page, record: this.#used++ };
  }
}
