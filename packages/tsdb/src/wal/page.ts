/**
 * The framing of a write-ahead log. Segments (`00000000`, `00000001` …) are made of 32 KiB pages; a page of fragments:
 *
 *     type 1 B | length 2 B | CRC-32C of data 4 B | data
 *
 * A record that does not fit the rest of a page goes on in the next one (`first`, `middle` …, `last`); no record
 * crosses a segment. Less than a header's room at the end of a page is zeros. See docs/formats.md.
 */
import { crc32c } from '../bytes/crc32c.ts';
import type { ByteWriter } from '../bytes/writer.ts';

export const PAGE_BYTES: number = 32 * 1024;
export const HEADER_BYTES = 7;

/** What a fragment is, in the lowest three bits of its type. */
export const END_OF_PAGE = 0;
export const FULL = 1;
export const FIRST = 2;
export const MIDDLE = 3;
export const LAST = 4;
export const KIND_MASK = 7;
/** How the whole record is compressed, in the bits above. */
export const SNAPPY = 8;
export const ZSTD = 16;

/** How many bytes at most a record takes when it is written at `position` of a segment. */
export function framedSize(length: number, position: number): number {
  const rest = PAGE_BYTES - (position % PAGE_BYTES);
  const pages = 1 + Math.ceil(length / (PAGE_BYTES - HEADER_BYTES));
  return length + pages * HEADER_BYTES + (rest < HEADER_BYTES ? rest : 0);
}

/**
 * Adds a record to `out` in fragments. `position` is where in its segment `out`'s first byte will stand.
 * @returns the number of fragments
 */
export function frame(out: ByteWriter, position: number, record: Uint8Array, compression: number): number {
  let from = 0;
  let fragments = 0;
  do {
    let room = PAGE_BYTES - ((position + out.length) % PAGE_BYTES);
    if (room < HEADER_BYTES) {
      out.reserve(room);
      out.bytes.fill(0, out.length, out.length + room);
      out.length += room;
      room = PAGE_BYTES;
    }
    const length = Math.min(record.length - from, room - HEADER_BYTES);
    const last = from + length === record.length;
    const kind = fragments === 0 ? (last ? FULL : FIRST) : last ? LAST : MIDDLE;
    out.reserve(HEADER_BYTES + length);
    out.u8(kind | compression);
    out.view.setUint16(out.length, length);
    out.view.setUint32(out.length + 2, crc32c(record, from, from + length));
    out.length += 6;
    out.bytes.set(record.subarray(from, from + length), out.length);
    out.length += length;
    from += length;
    fragments++;
  } while (from < record.length);
  return fragments;
}
