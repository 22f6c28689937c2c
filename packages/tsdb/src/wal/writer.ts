import { Pacer } from '@prunella/metrics';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from '../block/meta.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { Durations, timed } from '../measure.ts';
import { compress } from './compression.ts';
import { PAGE_BYTES, frame, framedSize } from './page.ts';
import { segmentName } from './segments.ts';

export const SEGMENT_BYTES: number = 128 * 1024 * 1024;

/** Counts since the log was opened. */
export interface WalCounters {
  pages: number;
  flushes: number;
  fragments: number;
  fragmentBytes: number;
  bytesSaved: number;
  writesFailed: number;
}

/**
 * Appends records to the newest segment of a log. A write that fails leaves the segment as it was, so that the next
 * one may try again at the same place.
 */
export class WalWriter {
  readonly counters: WalCounters = {
    pages: 0,
    flushes: 0,
    fragments: 0,
    fragmentBytes: 0,
    bytesSaved: 0,
    writesFailed: 0,
  };
  /** How long bringing it to the platter took. */
  readonly syncs: Durations = new Durations();
  readonly #dir: string;
  readonly #segmentBytes: number;
  readonly #out: ByteWriter = new ByteWriter(64 * 1024);
  #file: FileHandle | undefined;
  #segment: number;
  #position = 0;
  #synced = true;
  #fresh = false;
  #closed = false;
  /** After a failed write bytes may stand behind `#position`. */
  #dirtyTail = false;

  /** The first record goes to segment `segment`, which must not exist yet. */
  constructor(dir: string, segment: number, segmentBytes: number = SEGMENT_BYTES) {
    this.#dir = dir;
    this.#segment = segment;
    this.#segmentBytes = segmentBytes;
  }

  get segment(): number {
    return this.#segment;
  }

  /** Writes the records to the file (not to the platter: `sync`). @throws what the disk says; nothing is written then */
  async log(records: Iterable<Uint8Array>): Promise<void> {
    const pacer = new Pacer();
    for (const record of records) {
      const { bytes, compression } = compress(record);
      this.counters.bytesSaved += record.length - bytes.length;
      const at = this.#position + this.#out.length;
      if (at > 0 && at + framedSize(bytes.length, at) > this.#segmentBytes) {
        await this.#flush();
        await this.nextSegment();
      }
      const before = this.#out.length;
      this.counters.fragments += frame(this.#out, this.#position, bytes, compression);
      this.counters.fragmentBytes += this.#out.length - before;
      const pause = pacer.pause();
      if (pause) await pause;
    }
    await this.#flush();
  }

  /** Closes the segment, with its last page padded, and starts the next. */
  async nextSegment(): Promise<void> {
    await this.#endSegment();
    this.#segment++;
  }

  /** Brings what has been written to the platter. */
  async sync(): Promise<void> {
    if (this.#synced || this.#file === undefined) return;
    this.#synced = true;
    try {
      const file = this.#file;
      await timed(this.syncs, () => file.datasync());
      // A new file is found after a power cut only where its directory is on the platter too.
      if (this.#fresh) await syncDirectory(this.#dir);
      this.#fresh = false;
    } catch (error) {
      this.#synced = false;
      throw error;
    }
  }

  /** Ends the log; what is logged afterwards is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#endSegment();
  }

  async #endSegment(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const padding = (PAGE_BYTES - (this.#position % PAGE_BYTES)) % PAGE_BYTES;
    // Padding is a courtesy to readers (a short last page reads as if padded): a full disk must not fail on it.
    if (padding > 0)
      await file.write(new Uint8Array(padding), 0, padding, this.#position).catch(() => undefined);
    await timed(this.syncs, () => file.datasync());
    this.#file = undefined;
    this.#position = 0;
    this.#synced = true;
    await file.close();
  }

  async #flush(): Promise<void> {
    const length = this.#out.length;
    if (length === 0) return;
    const start = this.#position;
    try {
      if (this.#closed) throw new Error('the log is closed');
      if (this.#file === undefined) {
        // Only now: promtool takes a directory without a segment for a damaged one.
        await mkdir(this.#dir, { recursive: true });
        this.#file = await open(join(this.#dir, segmentName(this.#segment)), 'wx');
        this.#fresh = true;
      }
      if (this.#dirtyTail) await this.#cutTail(this.#file);
      for (let done = 0; done < length;) {
        const { bytesWritten } = await this.#file.write(this.#out.bytes, done, length - done, start + done);
        done += bytesWritten;
      }
    } catch (error) {
      this.counters.writesFailed++;
      this.#dirtyTail = true;
      if (this.#file !== undefined) await this.#cutTail(this.#file).catch(() => undefined);
      throw error;
    } finally {
      this.#out.reset();
    }
    this.#position = start + length;
    this.#synced = false;
    this.counters.flushes++;
    this.counters.pages += Math.floor(this.#position / PAGE_BYTES) - Math.floor(start / PAGE_BYTES);
  }

  async #cutTail(file: FileHandle): Promise<void> {
    await file.truncate(this.#position);
    this.#dirtyTail = false;
  }
}
