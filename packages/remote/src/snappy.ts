/**
 * Snappy's block format, which remote write and read wrap their messages in: the length of the message as a varint,
 * then elements, each a literal or a copy of earlier output (github.com/google/snappy, format_description.txt).
 */
import snappy from 'snappyjs';

/** The body is not what it says it is; the sender must not try again. */
export class RemoteError extends Error {
  override name = 'RemoteError';
}

export function compress(message: Uint8Array): Uint8Array {
  return snappy.compress(message);
}

/** @throws RemoteError for damage, and for a message of more than `maxBytes` */
export function uncompress(body: Uint8Array, maxBytes: number): Uint8Array {
  const work = new Decompressor(body, maxBytes);
  const message = new Uint8Array(work.length);
  work.run(message);
  return message;
}

/** No element makes more out of a byte than this: three bytes copy 64 at most. */
const MOST_EXPANSION = 22;
/** Copying byte by byte is faster than a call up to about here. */
const SHORT = 24;

/** Decompresses a body into a buffer of the caller's, in parts where it is long. */
export class Decompressor {
  /** Of the message, as the body claims it; checked against what can be true. */
  readonly length: number;
  readonly #body: Uint8Array;
  #from = 0;
  #to = 0;

  /** @throws RemoteError where the length claimed is damaged, more than `maxBytes`, or cannot be true */
  constructor(body: Uint8Array, maxBytes: number) {
    this.#body = body;
    this.length = this.#readLength();
    if (this.length > maxBytes)
      throw new RemoteError(`snappy: the message has ${this.length} bytes, more than ${maxBytes}`);
    if (this.length > body.length * MOST_EXPANSION) throw damaged();
  }

  #readLength(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#body[this.#from++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw damaged();
  }

  /**
   * Goes on until all is done, or about `most` bytes more are.
   * @param into holds what was made so far, and is the same every time
   * @returns whether all is done
   * @throws RemoteError
   */
  run(into: Uint8Array, most: number = Infinity): boolean {
    const body = this.#body;
    const end = this.length;
    const pauseAt = this.#to + most;
    let from = this.#from;
    let to = this.#to;
    while (from < body.length && to < pauseAt) {
      const tag = body[from++] as number;
      const kind = tag & 3;
      if (kind === 0) {
        let length = (tag >>> 2) + 1;
        if (length > 60) {
          const width = length - 60;
          length = littleEndian(body, from, width) + 1;
          from += width;
        }
        if (from + length > body.length || to + length > end) throw damaged();
        if (length <= SHORT) for (let i = 0; i < length; i++) into[to + i] = body[from + i] as number;
        else into.set(body.subarray(from, from + length), to);
        from += length;
        to += length;
      } else {
        const width = kind === 3 ? 4 : kind;
        const length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
        const offset = littleEndian(body, from, width) + (kind === 1 ? (tag >>> 5) << 8 : 0);
        from += width;
        if (offset === 0 || offset > to || to + length > end) throw damaged();
        // The copy may overlap what it makes: so it repeats a pattern.
        for (let i = 0; i < length; i++, to++) into[to] = into[to - offset] as number;
      }
    }
    this.#from = from;
    this.#to = to;
    if (from < body.length) return false;
    if (to !== end) throw damaged();
    return true;
  }
}

/** An unsigned number of 1 to 4 bytes. */
function littleEndian(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) throw damaged();
  let value = bytes[at] as number;
  if (width > 1) value |= (bytes[at + 1] as number) << 8;
  if (width > 2) value |= (bytes[at + 2] as number) << 16;
  if (width > 3) value |= (bytes[at + 3] as number) << 24;
  return value >>> 0;
}

function damaged(): RemoteError {
  return new RemoteError('snappy: the body is damaged');
}
