import { open, type FileHandle } from 'node:fs/promises';

const BUFFER = 1 << 20;

/** A file being written from its beginning to its end, through a buffer. */
export class OutputFile {
  readonly #file: FileHandle;
  #buffer = new Uint8Array(BUFFER);
  #used = 0;
  #flushed = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Makes the file; it must not exist. */
  static async create(path: string): Promise<OutputFile> {
    return new OutputFile(await open(path, 'wx+'));
  }

  /** Where the next byte will stand. */
  get position(): number {
    return this.#flushed + this.#used;
  }

  /** @returns a promise where the buffer must be emptied before the next write */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#used + bytes.length > this.#buffer.length) return this.#writeLarge(bytes);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    return undefined;
  }

  /** Overwrites bytes already written; used for lengths known only afterwards. */
  async patch(position: number, bytes: Uint8Array): Promise<void> {
    await this.flush();
    await this.#file.write(bytes, 0, bytes.length, position);
  }

  /** Reads back what has been written. */
  async readBack(position: number, into: Uint8Array): Promise<void> {
    await this.flush();
    await this.#file.read(into, 0, into.length, position);
  }

  async flush(): Promise<void> {
    await this.#put(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  /** Writes the rest, brings all to the platter and closes. */
  async finish(): Promise<void> {
    await this.flush();
    await this.#file.sync();
    await this.#file.close();
  }

  /** Closes without ado. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }

  async #writeLarge(bytes: Uint8Array): Promise<void> {
    await this.flush();
    if (bytes.length > this.#buffer.length) return this.#put(bytes);
    this.#buffer.set(bytes, 0);
    this.#used = bytes.length;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#flushed);
      done += bytesWritten;
      this.#flushed += bytesWritten;
    }
  }
}
