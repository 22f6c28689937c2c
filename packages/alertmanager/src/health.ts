import type { Delivery } from './notify/pipeline.ts';

/** So many failures in a row make a receiver count as broken. */
const FAILURES = 3;

/** Which integrations cannot deliver, and whether state can be written. */
export class Health {
  #diskError: string | undefined;
  readonly #failures = new Map<string, { count: number; error: string }>();

  delivered({ integration, error }: Delivery): void {
    if (!error) this.#failures.delete(integration.key);
    else {
      const count = (this.#failures.get(integration.key)?.count ?? 0) + 1;
      this.#failures.set(integration.key, { count, error: error.message });
    }
  }

  diskFailed(error: Error): void {
    this.#diskError = error.message;
  }

  diskWorks(): void {
    this.#diskError = undefined;
  }

  /** `problems` has one sentence for each part that is broken. */
  state(): { ok: boolean; problems: string[] } {
    const disk = this.#diskError;
    const problems = [...this.#failures]
      .filter(([, { count }]) => count >= FAILURES)
      .map(([key, { count, error }]) => `${key} failed ${count} times in a row: ${error}`);
    if (disk !== undefined) problems.unshift(`the state of alerts cannot be written: ${disk}`);
    return { ok: disk === undefined, problems };
  }
}
