import type { Logger } from '@prunella/metrics';

/** Those who want to hear of something. A fault of one keeps nobody else, and no message, from going on. */
export class Listeners<E> {
  readonly #listeners = new Set<(event: E) => void>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns a function that ends the listening */
  add(listener: (event: E) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(event: E): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error({ err: error }, 'A listener of the Alertmanager failed');
      }
    }
  }
}
