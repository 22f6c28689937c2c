import { CorruptionError } from '../errors.ts';
import type { HuffmanTable } from './huffman.ts';
import { readLiterals } from './literals.ts';
import { readSequences, type Tables } from './sequences.ts';

const MAGIC = 0xfd2fb528;
/** Frames for other programs: 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE = 0x184d2a50;
const MOST_BLOCK_BYTES = 128 * 1024;

/**
 * Decompresses Zstandard frames (RFC 8878) without a dictionary: Node.js has it only from 22.15 on. Checksums of
 * content are not looked at, for a log's records have their own.
 * @throws CorruptionError
 */
export function decompressZstd(input: Uint8Array, mostBytes: number): Uint8Array {
  const out = new Output(mostBytes);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  for (let at = 0; at < input.length;) {
    if (input.length - at < 6) throw new CorruptionError('zstd: a frame without an end');
    const magic = view.getUint32(at, true);
    if (magic === MAGIC) at = readFrame(input, at + 4, out);
    else if (magic >>> 4 === SKIPPABLE >>> 4 && input.length - at >= 8)
      at += 8 + view.getUint32(at + 4, true);
    else throw new CorruptionError('zstd: not a frame');
  }
  return out.written();
}

/** What has been decompressed; blocks copy from it. */
class Output {
  bytes: Uint8Array = new Uint8Array(4096);
  length = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  reserve(more: number): void {
    const needed = this.length + more;
    if (needed > this.#most) throw new CorruptionError('zstd: larger than anything of ours');
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  fill(byte: number, count: number): void {
    this.reserve(count);
    this.bytes.fill(byte, this.length, this.length + count);
    this.length += count;
  }

  /** Appends what was written `distance` bytes ago; may reach into itself. */
  repeat(distance: number, count: number, frameStart: number): void {
    if (distance < 1 || distance > this.length - frameStart)
      throw new CorruptionError('zstd: a match before the beginning');
    this.reserve(count);
    const { bytes, length } = this;
    for (let i = 0; i < count; i++) bytes[length + i] = bytes[length + i - distance]!;
    this.length += count;
  }

  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** What one block leaves to the next of its frame. */
interface FrameState {
  readonly start: number;
  /** The last three distances. */
  readonly recent: [number, number, number];
  readonly tables: Tables;
  huffman: HuffmanTable | undefined;
}

/** `descriptor | window | dictionary | content size | blocks | checksum`. @returns the byte behind the frame */
function readFrame(input: Uint8Array, start: number, out: Output): number {
  const descriptor = input[start]!;
  const single = (descriptor & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  if ((descriptor & 0x08) !== 0) throw new CorruptionError('zstd: a frame of a kind yet unknown');
  if ((descriptor & 0x03) !== 0) throw new CorruptionError('zstd: a dictionary is needed');
  let at = start + 1 + (single ? 0 : 1) + sizeBytes;
  const frame: FrameState = { start: out.length, recent: [1, 4, 8], tables: {}, huffman: undefined };
  for (let last = false; !last;) {
    if (at + 3 > input.length) throw new CorruptionError('zstd: a frame without an end');
    const header = input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16);
    last = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    at += 3;
    const end = at + (kind === 1 ? 1 : size);
    if (end > input.length) throw new CorruptionError('zstd: a block without an end');
    if (kind === 0) out.append(input.subarray(at, end));
    else if (kind === 1) out.fill(input[at]!, size);
    else if (kind === 2) readBlock(input.subarray(at, end), frame, out);
    else throw new CorruptionError('zstd: a block of a kind yet unknown');
    at = end;
  }
  return at + ((descriptor & 0x04) !== 0 ? 4 : 0);
}

function readBlock(block: Uint8Array, frame: FrameState, out: Output): void {
  const { bytes, end, table } = readLiterals(block, frame.huffman, MOST_BLOCK_BYTES);
  frame.huffman = table;
  let used = 0;
  for (const { literals, offset, match } of readSequences(block, end, frame.tables)) {
    if (used + literals > bytes.length) throw new CorruptionError('zstd: more literals than there are');
    out.append(bytes.subarray(used, used + literals));
    used += literals;
    out.repeat(distanceOf(frame.recent, offset, literals === 0), match, frame.start);
  }
  out.append(bytes.subarray(used));
}

/** RFC 8878, section 3.1.1.5: 1 to 3 are recent distances, one on where no literals came before. */
function distanceOf(recent: [number, number, number], offset: number, shifted: boolean): number {
  const [first, second, third] = recent;
  if (offset > 3) {
    recent[2] = second;
    recent[1] = first;
    recent[0] = offset - 3;
    return recent[0];
  }
  const index = offset - 1 + (shifted ? 1 : 0);
  if (index === 0) return first;
  const distance = index === 3 ? first - 1 : index === 2 ? third : second;
  if (index > 1) recent[2] = second;
  recent[1] = first;
  recent[0] = distance;
  return distance;
}
