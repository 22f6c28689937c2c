import { open, type FileHandle } from 'node:fs/promises';
import { CorruptionError } from '../errors.ts';

/** Files are read in pages of so many bytes. */
export const PAGE: number = 64 * 1024;

/** Pages of files read lately, at most `capacity` bytes. Shared by all blocks. */
export class PageCache {
  /** In order of use: the oldest first. */
  readonly #pages = new Map<string, Uint8Array>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = Math.floor(capacity / PAGE);
  }

  get(key: string): Uint8Array | undefined {
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return page;
  }

  set(key: string, page: Uint8Array): void {
    this.#pages.set(key, page);
    if (this.#pages.size <= this.#capacity) return;
    const [oldest] = this.#pages.keys();
    this.#pages.delete(oldest!);
  }
}

/** A file read at positions, through a cache. */
export class CachedFile {
  readonly path: string;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #cache: PageCache;
  readonly #key: string;
  readonly #fetching = new Map<number, Promise<Uint8Array>>();
  /** The page used last: most reads go on where the one before ended. */
  #lastNumber = -1;
  #last: Uint8Array = new Uint8Array(0);

  private constructor(path: string, size: number, file: FileHandle, cache: PageCache, key: string) {
    this.path = path;
    this.size = size;
    this.#file = file;
    this.#cache = cache;
    this.#key = key;
  }

  static async open(path: string, cache: PageCache): Promise<CachedFile> {
    const file = await open(path, 'r');
    const { size, ino, dev } = await file.stat();
    return new CachedFile(path, size, file, cache, `${dev}:${ino}:${path}:`);
  }

  /**
   * The bytes [offset, offset+length): at once where they are cached. They must not be changed.
   * @throws CorruptionError where the file is shorter
   */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new CorruptionError(`${this.path}: bytes ${offset}+${length} wanted of ${this.size}`);
    }
    const first = Math.floor(offset / PAGE);
    const last = Math.floor((offset + length - 1) / PAGE);
    if (first === last || length === 0) {
      const page = this.#page(first);
      const at = offset - first * PAGE;
      if (page instanceof Promise) {
        return page.then((it) => this.#remember(first, it).subarray(at, at + length));
      }
      return page.subarray(at, at + length);
    }
    return this.#readAcross(offset, length, first, last);
  }

  /**
   * The page in which a byte stands, at `offset % PAGE`: for who would make a view of every few bytes otherwise.
   * @throws CorruptionError where the file is shorter
   */
  page(offset: number): Uint8Array | Promise<Uint8Array> {
    if (offset < 0 || offset >= this.size)
      throw new CorruptionError(`${this.path}: byte ${offset} wanted of ${this.size}`);
    const number = Math.floor(offset / PAGE);
    const page = this.#page(number);
    return page instanceof Promise ? page.then((it) => this.#remember(number, it)) : page;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #readAcross(offset: number, length: number, first: number, last: number): Promise<Uint8Array> {
    const whole = new Uint8Array(length);
    for (let number = first; number <= last; number++) {
      const page = await this.#page(number);
      const from = Math.max(offset - number * PAGE, 0);
      const to = Math.min(offset + length - number * PAGE, PAGE);
      whole.set(page.subarray(from, to), number * PAGE + from - offset);
    }
    return whole;
  }

  #page(number: number): Uint8Array | Promise<Uint8Array> {
    if (number === this.#lastNumber) return this.#last;
    const cached = this.#cache.get(this.#key + number);
    if (cached === undefined) return this.#fetch(number);
    return this.#remember(number, cached);
  }

  #remember(number: number, page: Uint8Array): Uint8Array {
    this.#lastNumber = number;
    this.#last = page;
    return page;
  }

  #fetch(number: number): Promise<Uint8Array> {
    // Whoever reads on from the page before will want the next one too.
    if (number === this.#lastNumber + 1) this.#prefetch(number + 1);
    return this.#fetching.get(number) ?? this.#start(number);
  }

  #prefetch(number: number): void {
    if (number * PAGE >= this.size || this.#fetching.has(number) || this.#cache.get(this.#key + number))
      return;
    // Whoever needs the page will meet the error.
    this.#start(number).catch(() => undefined);
  }

  #start(number: number): Promise<Uint8Array> {
    const fetching = this.#load(number).finally(() => this.#fetching.delete(number));
    this.#fetching.set(number, fetching);
    return fetching;
  }

  async #load(number: number): Promise<Uint8Array> {
    const length = Math.min(PAGE, this.size - number * PAGE);
    const page = new Uint8Array(length);
    const { bytesRead } = await this.#file.read(page, 0, length, number * PAGE);
    if (bytesRead < length) throw new CorruptionError(`${this.path}: shorter than it was`);
    this.#cache.set(this.#key + number, page);
    return page;
  }
}
