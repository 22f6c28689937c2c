import {
  Pacer,
  ProtobufError,
  systemClock,
  type Appendable,
  type Clock,
  type Metadata,
} from '@prunella/metrics';
import { WriteColumns } from './columns.ts';
import { decodeVersion1, decodeVersion2 } from './decode.ts';
import type { WriteMessage } from './messages.ts';
import { SeriesCache, type SeriesCacheOptions } from './series-cache.ts';
import { Decompressor, RemoteError } from './snappy.ts';
import { StoredRequest, type ReceiveResult } from './store.ts';

export interface ReceiverOptions {
  /** Of a message when it is decompressed, and of its labels when they are written out. @default 32 MiB */
  readonly maxBytes?: number;
  /** @default systemClock */
  readonly clock?: Clock;
  /** How much is remembered of the series that are sent. */
  readonly cache?: Omit<SeriesCacheOptions, 'now'>;
}

const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;
/** Decompressed between two looks at the clock. */
const BYTES = 256 * 1024;
/** Buffers that are kept for the next request. */
const MOST_IDLE = 4;
const LARGEST_IDLE = 4 * 1024 * 1024;

/** What a request needs while it is worked on. */
interface Workspace {
  message: Uint8Array;
  readonly columns: WriteColumns;
}

/**
 * Stores what remote write brings (snappy, protobuf). What can be stored is stored, as the standard wants it: a sample
 * that nobody will ever take must not hold up the others.
 */
export class WriteReceiver {
  readonly #storage: Appendable;
  readonly #maxBytes: number;
  readonly #known: SeriesCache;
  readonly #idle: Workspace[] = [];

  constructor(storage: Appendable, options: ReceiverOptions = {}) {
    const { maxBytes = DEFAULT_MAX_BYTES, clock = systemClock, cache } = options;
    this.#storage = storage;
    this.#maxBytes = maxBytes;
    this.#known = new SeriesCache({ ...cache, now: () => clock.now() });
  }

  /** How many series are known by their labels as they were sent. */
  get knownSeries(): number {
    return this.#known.size;
  }

  /**
   * Nothing of a request that cannot be read is stored; one of up to 5000 samples becomes visible at once.
   * @throws RemoteError where the request is bad as a whole
   */
  async receive(body: Uint8Array, message: WriteMessage = 'prometheus.WriteRequest'): Promise<ReceiveResult> {
    const work = this.#idle.pop() ?? { message: new Uint8Array(0), columns: new WriteColumns() };
    try {
      const families = await this.#decode(body, message, work);
      return await new StoredRequest(this.#storage, this.#known, work.columns, families).store();
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
      throw new RemoteError(`protobuf: ${error.message}`, { cause: error });
    } finally {
      work.columns.clear();
      if (work.message.length > LARGEST_IDLE) work.message = new Uint8Array(0);
      if (this.#idle.length < MOST_IDLE) this.#idle.push(work);
    }
  }

  async #decode(
    body: Uint8Array,
    kind: WriteMessage,
    work: Workspace,
  ): Promise<ReadonlyMap<string, Metadata>> {
    const pacer = new Pacer();
    const compressed = new Decompressor(body, this.#maxBytes);
    const { length } = compressed;
    if (work.message.length < length) work.message = new Uint8Array(length);
    while (!compressed.run(work.message, BYTES)) {
      const pause = pacer.pause();
      if (pause) await pause;
    }
    const message = work.message.subarray(0, length);
    const families = new Map<string, Metadata>();
    const decoding =
      kind === 'prometheus.WriteRequest'
        ? decodeVersion1(message, work.columns, families)
        : decodeVersion2(message, work.columns, this.#maxBytes);
    for (const _ of decoding) {
      const pause = pacer.pause();
      if (pause) await pause;
    }
    return families;
  }
}
