import type { Exemplar, Labels } from '@prunella/metrics';
import type { RemoteSample } from './messages.ts';

/** A sample or an exemplar. */
export type PendingSample =
  | { readonly labels: Labels; readonly sample: RemoteSample; readonly exemplar?: undefined }
  | { readonly labels: Labels; readonly exemplar: Exemplar; readonly sample?: undefined };

/** ms */
export function timeOf({ sample, exemplar }: PendingSample): number {
  return sample?.time ?? exemplar?.timestamp ?? 0;
}

/** Samples that wait to be sent, oldest first, within a limit. */
export class SampleQueue {
  readonly #capacity: number;
  #items: PendingSample[] = [];
  #head = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** @returns how many of the oldest had to go to make room */
  push(added: readonly PendingSample[]): number {
    for (const each of added) this.#items.push(each);
    const dropped = Math.max(0, this.length - this.#capacity);
    this.#advance(dropped);
    return dropped;
  }

  peek(count: number): PendingSample[] {
    return this.#items.slice(this.#head, this.#head + count);
  }

  /** Removes what `peek` has shown, but for what `push` has dropped meanwhile. */
  remove(sent: readonly PendingSample[]): void {
    const last = sent.at(-1);
    if (last === undefined) return;
    const limit = Math.min(this.#items.length, this.#head + sent.length);
    for (let at = limit - 1; at >= this.#head; at--)
      if (this.#items[at] === last) return this.#advance(at + 1 - this.#head);
  }

  #advance(count: number): void {
    this.#head += count;
    // Moving the rest once per doubling keeps removal cheap.
    if (this.#head * 2 <= this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
