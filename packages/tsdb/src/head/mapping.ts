import { filterInSlices } from '@prunella/metrics';
import {
  OUT_OF_ORDER,
  type HeadChunk,
  type HeadChunkDamage,
  type HeadChunkEntry,
  type HeadChunkFiles,
} from './chunk_files.ts';
import type { ChunkStore } from './chunk_store.ts';
import type { Head } from './head.ts';
import type { MemSeries } from './series.ts';

/** Series whose chunks are written at once. */
const AT_ONCE = 128;

/** Moves complete chunks from memory to `files`. What the disk does not take stays in memory, for the next time. */
export async function mapSealedChunks(head: Head, files: HeadChunkFiles): Promise<void> {
  const waiting = await filterInSlices(head.takeSealed(), (series) => !series.gone);
  let done = 0;
  try {
    for (; done < waiting.length; done += AT_ONCE) {
      await move(head.chunks, files, waiting.slice(done, done + AT_ONCE));
    }
  } finally {
    for (const series of waiting.slice(done)) head.noteSealed(series);
  }
}

async function move(store: ChunkStore, files: HeadChunkFiles, owners: readonly MemSeries[]): Promise<void> {
  const moving: { series: MemSeries; address: number }[] = [];
  // A series may be in the list more than once.
  for (const series of new Set(owners)) {
    for (const address of series.sealed(store)) if (!store.onDisk(address)) moving.push({ series, address });
  }
  if (moving.length === 0) return;
  const entries = await files.write(moving.map(({ series, address }) => chunkOf(series, store, address)));
  for (const [i, { address }] of moving.entries()) store.moveToDisk(address, entries[i]!);
}

function chunkOf({ ref }: MemSeries, store: ChunkStore, address: number): HeadChunk {
  return {
    ref,
    mint: store.minTime(address),
    maxt: store.maxTime(address),
    encoding: store.encoding(address),
    data: store.data(address).slice(),
  };
}

/** Chunks of the store that a series may take over: a chain. */
export interface ChunkChain {
  readonly first: number;
  last: number;
}

/** What an earlier run, ours or Prometheus's, has left in `chunks_head/`, by series. */
export class MappedChunks {
  readonly #store: ChunkStore;
  readonly #bySeries = new Map<number, ChunkChain>();
  /** The highest series reference in any file. */
  maxRef = 0;
  damage: HeadChunkDamage | undefined;

  private constructor(store: ChunkStore) {
    this.#store = store;
  }

  /** @param floor chunks that end before it are in blocks, ms */
  static async load(files: HeadChunkFiles, store: ChunkStore, floor: number): Promise<MappedChunks> {
    const all = new MappedChunks(store);
    all.damage = await files.load((entry) => all.#add(entry, floor));
    return all;
  }

  /** The chunks of a series in time order, handed out once. */
  take(ref: number): ChunkChain | undefined {
    const chain = this.#bySeries.get(ref);
    this.#bySeries.delete(ref);
    return chain;
  }

  /** Forgets what nobody has taken. */
  drop(): void {
    for (const { first } of this.#bySeries.values()) {
      for (let address = first; address !== 0;) {
        const next = this.#store.next(address);
        this.#store.free(address);
        address = next;
      }
    }
    this.#bySeries.clear();
  }

  #add(entry: HeadChunkEntry, floor: number): void {
    this.maxRef = Math.max(this.maxRef, entry.ref);
    if ((entry.encoding & OUT_OF_ORDER) !== 0 || entry.maxt < floor) return;
    const chain = this.#bySeries.get(entry.ref);
    if (chain !== undefined && entry.mint <= this.#store.maxTime(chain.last)) return;
    const address = this.#store.putOnDisk(entry);
    if (chain === undefined) this.#bySeries.set(entry.ref, { first: address, last: address });
    else {
      this.#store.link(chain.last, address);
      chain.last = address;
    }
  }
}
