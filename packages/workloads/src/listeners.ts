import type { Logger } from '@prunella/metrics';
import type { WorkloadEvent, WorkloadListener } from './workload.ts';

/** Who wants to hear of events. A listener that throws is logged and harms nobody else. */
export class Listeners {
  readonly #listeners = new Set<WorkloadListener>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns what takes the listener away again */
  add(listener: WorkloadListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: WorkloadEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error(
          { err: error, event: event.type, workload: event.workload.name },
          'listener failed',
        );
      }
    }
  }
}
