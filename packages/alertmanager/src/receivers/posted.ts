import type { Clock } from '@prunella/metrics';
import type { Records } from '../store.ts';

/** A message in a chat, so that it can be changed later. */
export interface Posted {
  readonly channel: string;
  /** Slack's name for it: a time stamp. */
  readonly ts: string;
}

/** The messages that one integration may still change, by the key of their group. */
export interface PostedMessages {
  get(groupKey: string): Posted | undefined;
  /** Resolves when it is on disk. */
  set(groupKey: string, posted: Posted): Promise<void>;
  forget(groupKey: string): Promise<void>;
}

export type PostedRecord = { readonly key: string } & (
  | (Posted & { /** ms */ readonly time: number })
  | { readonly gone: true }
);

export interface PostedStoreOptions {
  readonly clock: Clock;
  readonly records: Records<PostedRecord>;
  /** What was not changed for so long is forgotten, ms. */
  readonly retention: number;
}

/** Keeps what was posted over restarts: a group's message is changed, not posted again. */
export class PostedStore {
  readonly #options: PostedStoreOptions;
  readonly #byKey = new Map<string, PostedRecord & Posted & { time: number }>();

  constructor(options: PostedStoreOptions) {
    this.#options = options;
    for (const record of options.records.loaded) {
      const old = 'gone' in record || record.time + options.retention < options.clock.now();
      if (old) this.#byKey.delete(record.key);
      else this.#byKey.set(record.key, record);
    }
  }

  /** @param integration `team-x/slack/0`: each posts messages of its own */
  of(integration: string): PostedMessages {
    const keyOf = (groupKey: string): string => `${integration} ${groupKey}`;
    return {
      get: (groupKey) => this.#byKey.get(keyOf(groupKey)),
      set: async (groupKey, { channel, ts }) => {
        const record = { key: keyOf(groupKey), channel, ts, time: this.#options.clock.now() };
        this.#byKey.set(record.key, record);
        await this.#options.records.append(record);
      },
      forget: async (groupKey) => {
        const key = keyOf(groupKey);
        if (this.#byKey.delete(key)) await this.#options.records.append({ key, gone: true });
      },
    };
  }

  async maintain(): Promise<void> {
    const { clock, records, retention } = this.#options;
    for (const [key, { time }] of this.#byKey) if (time + retention < clock.now()) this.#byKey.delete(key);
    await records.compact(() => this.#byKey.values(), this.#byKey.size);
  }
}
