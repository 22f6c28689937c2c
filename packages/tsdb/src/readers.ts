/** Queries under way, so that memory they look at is not taken from under them. */
export class Readers {
  readonly #open = new Map<object, Promise<void>>();

  /** Notes a reader. @returns what it calls when it is done */
  enter(): () => void {
    const key = {};
    let finish = (): void => {};
    const done = new Promise<void>((resolve) => {
      finish = () => {
        this.#open.delete(key);
        resolve();
      };
    });
    this.#open.set(key, done);
    return finish;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Resolves when those that are open now are done. */
  async drained(): Promise<void> {
    await Promise.all(this.#open.values());
  }
}
