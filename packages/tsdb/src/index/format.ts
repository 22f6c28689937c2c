/** Index v2. The whole layout is drawn in docs/formats.md. */
export const MAGIC = 0xbaaad700;
export const VERSION = 2;
/** Series entries start at multiples of this; their number is the offset divided by it. */
export const SERIES_ALIGNMENT = 16;
/** Of symbols and posting lists the reader keeps every so manieth in memory. */
export const SAMPLING = 32;
export const TOC_BYTES: number = 6 * 8 + 4;

/** Where the sections begin, bytes; 0 = there is none. */
export interface Toc {
  readonly symbols: number;
  readonly series: number;
  readonly labelIndices: number;
  readonly labelOffsetTable: number;
  readonly postings: number;
  readonly postingsOffsetTable: number;
}

/** A chunk as a series entry names it. Both times are those of samples, ms. */
export interface ChunkRef {
  readonly mint: number;
  readonly maxt: number;
  readonly ref: number;
}
