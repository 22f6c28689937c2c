/** How a chunk's bytes are to be read: the byte that stands before them on disk. */
export const XOR = 1;
export const HISTOGRAM = 2;
export const FLOAT_HISTOGRAM = 3;

export type Encoding = typeof XOR | typeof HISTOGRAM | typeof FLOAT_HISTOGRAM;

/** Writes the samples of one chunk. */
export interface ChunkAppender {
  readonly encoding: Encoding;
  /** Samples written so far. */
  readonly count: number;
  readonly byteLength: number;
  /** The chunk as it is now: a view that the next append may change. */
  data(): Uint8Array;
}
