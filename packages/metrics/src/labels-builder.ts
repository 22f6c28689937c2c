import { Labels } from './labels.ts';

/** Labels under change. Read a label and it is as changed last; an empty value removes it. */
export class LabelsBuilder {
  readonly #base: Labels;
  readonly #values: Map<string, string>;
  #changed = false;

  constructor(base: Labels) {
    this.#base = base;
    this.#values = new Map(base);
  }

  get(name: string): string {
    return this.#values.get(name) ?? '';
  }

  /** Names with a value. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  set(name: string, value: string): void {
    if (this.get(name) === value) return;
    this.#changed = true;
    if (value === '') this.#values.delete(name);
    else this.#values.set(name, value);
  }

  labels(): Labels {
    return this.#changed ? Labels.fromEntries(this.#values) : this.#base;
  }
}
