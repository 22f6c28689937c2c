import type { Delivery } from './notify/pipeline.ts';

/** So many failures in a row make a receiver count as broken. */
const FAILURES = 3;

/** Which integrations cannot deliver. */
export class DeliveryHealth {
  readonly #failures = new Map<string, { count: number; error: string }>();

  delivered({ integration, error }: Delivery): void {
    if (!error) this.#failures.delete(integration.key);
    else {
      const count = (this.#failures.get(integration.key)?.count ?? 0) + 1;
      this.#failures.set(integration.key, { count, error: error.message });
    }
  }

  /** One sentence for each that is broken. */
  problems(): string[] {
    return [...this.#failures]
      .filter(([, { count }]) => count >= FAILURES)
      .map(([key, { count, error }]) => `${key} failed ${count} times in a row: ${error}`);
  }
}
