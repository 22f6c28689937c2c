/** What is to be told beside an answer: each text once, with the place where it was last met. */
export class Annotations implements Iterable<string> {
  readonly #places = new Map<string, string>();

  /** @param place as it stands behind the text: ` (1:7)`, or '' */
  add(text: string, place = ''): void {
    this.#places.set(text, place);
  }

  get size(): number {
    return this.#places.size;
  }

  /** Texts and places. */
  entries(): Iterable<readonly [text: string, place: string]> {
    return this.#places;
  }

  *[Symbol.iterator](): IterableIterator<string> {
    for (const [text, place] of this.#places) yield text + place;
  }
}
