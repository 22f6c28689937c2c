/** Entries up to which one map is enough. */
const SMALL = 8192;
const SHARDS = 128;
/** How many characters from the end on are looked at: values that are alike differ there. */
const HASHED = 12;

/**
 * A map by strings that may have millions. A map copies itself in one go when it grows, which would hold the event
 * loop for long; so a large one is made of many small ones. Entries come in no order.
 */
export class ShardedMap<V> {
  #shards: Map<string, V>[] = [new Map()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#shard(key).get(key);
  }

  set(key: string, value: V): void {
    const shard = this.#shard(key);
    const before = shard.size;
    shard.set(key, value);
    this.#size += shard.size - before;
    if (this.#shards.length === 1 && this.#size > SMALL) this.#split();
  }

  delete(key: string): void {
    if (this.#shard(key).delete(key)) this.#size--;
  }

  *keys(): IterableIterator<string> {
    for (const shard of this.#shards) yield* shard.keys();
  }

  *entries(): IterableIterator<[string, V]> {
    for (const shard of this.#shards) yield* shard;
  }

  #shard(key: string): Map<string, V> {
    if (this.#shards.length === 1) return this.#shards[0]!;
    let hash = key.length;
    for (let i = Math.max(0, key.length - HASHED); i < key.length; i++) {
      hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    }
    return this.#shards[(hash ^ (hash >>> 15)) & (SHARDS - 1)]!;
  }

  #split(): void {
    const [all] = this.#shards;
    this.#shards = Array.from({ length: SHARDS }, () => new Map<string, V>());
    for (const [key, value] of all!) this.#shard(key).set(key, value);
  }
}
