import type { Labels } from '../labels.ts';

/** The series that one target has exposed, each under a small number that stays its own until it is forgotten. */
export class SeriesTable {
  readonly #ids = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #labels: (Labels | undefined)[] = [];
  readonly #free: number[] = [];

  /** How many series are known. */
  get size(): number {
    return this.#ids.size;
  }

  /** All ids are below this: the length for columns beside the table. */
  get capacity(): number {
    return this.#keys.length;
  }

  find(key: string): number | undefined {
    return this.#ids.get(key);
  }

  add(key: string, labels: Labels): number {
    const id = this.#free.pop() ?? this.#keys.length;
    this.#ids.set(key, id);
    this.#keys[id] = key;
    this.#labels[id] = labels;
    return id;
  }

  /** The labels as exposed, until they are released. */
  labels(id: number): Labels {
    return this.#labels[id] as Labels;
  }

  /** Lets go of the labels as exposed, for readers that keep their own. */
  releaseLabels(id: number): void {
    this.#labels[id] = undefined;
  }

  /** Gives the number back for another series. */
  forget(id: number): void {
    if (!this.#ids.delete(this.#keys[id] as string)) return;
    this.#labels[id] = undefined;
    this.#free.push(id);
  }
}
