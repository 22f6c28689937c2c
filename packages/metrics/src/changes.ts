/** Entries kept: a storage that is written in order of time makes one for every `GRAIN_MS`. */
const MOST = 4096;
/** Changes so close in time are one entry. */
const GRAIN_MS = 5000;

/**
 * What has changed in a storage, so that whoever keeps results of it knows which still hold: those that are made of
 * samples from before `earliestSince` the version that they were made of.
 */
export class ChangeLog {
  #version = 0;
  /** The earliest change after each version; both rise: an entry that a later, earlier change makes needless is gone. */
  readonly #entries: { version: number; time: number }[] = [];
  /** What was changed up to this version is forgotten. */
  #forgotten = 0;

  /** Rises with every change. Take it before reading. */
  get version(): number {
    return this.#version;
  }

  /** Notes that samples from `time` (ms) on were added or removed. Call as soon as that can be seen, not before. */
  note(time: number): void {
    const version = ++this.#version;
    const entries = this.#entries;
    while (entries.length > 0 && (entries.at(-1)?.time as number) >= time) entries.pop();
    const last = entries.at(-1);
    if (last && last.time > time - GRAIN_MS) last.version = version;
    else entries.push({ version, time });
    if (entries.length > MOST) this.#forgotten = (entries.shift() as { version: number }).version;
  }

  /**
   * The earliest time (ms) of what has changed since a version: Infinity where nothing has, -Infinity where that is not
   * known any more.
   */
  earliestSince(version: number): number {
    if (version < this.#forgotten) return -Infinity;
    const entries = this.#entries;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((entries[middle]?.version as number) <= version) low = middle + 1;
      else high = middle;
    }
    return entries[low]?.time ?? Infinity;
  }
}
