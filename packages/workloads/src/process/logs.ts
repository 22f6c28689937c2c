import { createWriteStream, fstatSync, mkdirSync, openSync, renameSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { LogLine } from '../workload.ts';

const LONGEST_LINE = 16 * 1024;

/** Cuts chunks of one stream into lines. A line longer than 16 KiB is given out in pieces. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  #rest = '';

  push(chunk: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() as string;
    while (this.#rest.length > LONGEST_LINE) {
      lines.push(this.#rest.slice(0, LONGEST_LINE));
      this.#rest = this.#rest.slice(LONGEST_LINE);
    }
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** What came after the last line break. */
  flush(): string[] {
    const rest = this.#rest;
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }
}

/** The last lines, bounded in number and in characters. */
export class LogRing {
  readonly #maxLines: number;
  readonly #maxChars: number;
  #lines: LogLine[] = [];
  #first = 0;
  #chars = 0;

  constructor(maxLines: number = 2000, maxChars: number = 1024 * 1024) {
    this.#maxLines = maxLines;
    this.#maxChars = maxChars;
  }

  push(line: LogLine): void {
    this.#lines.push(line);
    this.#chars += line.text.length;
    while (this.#lines.length - this.#first > this.#maxLines || this.#chars > this.#maxChars) {
      this.#chars -= (this.#lines[this.#first++] as LogLine).text.length;
    }
    // Moving the rest down only now and then keeps a push cheap.
    if (this.#first > this.#maxLines) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The last `count` lines, oldest first. */
  tail(count: number): LogLine[] {
    return this.#lines.slice(Math.max(this.#first, this.#lines.length - Math.max(0, count)));
  }
}

const MAX_PENDING = 4 * 1024 * 1024;

/**
 * Appends lines to `file`; at `maxBytes` it becomes `file.1`, what was `.1` becomes `.2`, and so on up to `keep`. A disk
 * that refuses or cannot follow costs lines, counted in `dropped`, and never memory or the process.
 */
export class LogFile {
  readonly #file: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  #stream: WriteStream | undefined;
  #size = 0;
  #closed = false;
  dropped = 0;

  constructor(file: string, maxBytes: number = 10 * 1024 * 1024, keep: number = 2) {
    this.#file = file;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
  }

  write(line: LogLine): void {
    const stream = this.#open();
    if (!stream || stream.writableLength > MAX_PENDING) {
      this.dropped++;
      return;
    }
    const text = `${new Date(line.time).toISOString()} ${line.stream} ${line.text}\n`;
    this.#size += Buffer.byteLength(text);
    stream.write(text);
    if (this.#size >= this.#maxBytes) this.#rotate();
  }

  /** Resolves when everything is written. Later lines are dropped. */
  close(): Promise<void> {
    this.#closed = true;
    const stream = this.#stream;
    this.#stream = undefined;
    if (!stream || stream.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      stream.once('close', resolve);
      stream.end();
    });
  }

  #open(): WriteStream | undefined {
    if (this.#closed) return undefined;
    if (this.#stream && !this.#stream.destroyed) return this.#stream;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      // Opened here and now: a stream that opens its file later would open it after a rotation renamed it.
      const fd = openSync(this.#file, 'a', 0o600);
      this.#size = fstatSync(fd).size;
      this.#stream = createWriteStream(this.#file, { fd });
    } catch {
      return undefined;
    }
    this.#stream.on('error', () => this.dropped++);
    return this.#stream;
  }

  #rotate(): void {
    // The open descriptor follows the renamed file, so that what is still on its way lands in the right one.
    this.#stream?.end();
    this.#stream = undefined;
    for (let i = this.#keep; i >= 1; i--) {
      try {
        renameSync(i === 1 ? this.#file : `${this.#file}.${i - 1}`, `${this.#file}.${i}`);
      } catch {
        // Not there yet.
      }
    }
  }
}
