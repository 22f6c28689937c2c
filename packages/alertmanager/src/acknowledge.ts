import type { Records } from './store.ts';

/** Somebody takes care of an alert: it is not repeated, and messages say who. It ends when the alert does. */
export interface Acknowledgement {
  readonly fingerprint: string;
  readonly by: string;
  readonly comment: string;
  /** ms */
  readonly time: number;
}

export type AcknowledgementRecord = Acknowledgement | { readonly gone: string };

export class Acknowledgements {
  readonly #records: Records<AcknowledgementRecord>;
  readonly #byFingerprint = new Map<string, Acknowledgement>();

  constructor(records: Records<AcknowledgementRecord>) {
    this.#records = records;
    for (const record of records.loaded) {
      if ('gone' in record) this.#byFingerprint.delete(record.gone);
      else this.#byFingerprint.set(record.fingerprint, record);
    }
  }

  get(fingerprint: string): Acknowledgement | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  /** Resolves when it is on disk. */
  async add(acknowledgement: Acknowledgement): Promise<void> {
    await this.#records.append(acknowledgement);
    this.#byFingerprint.set(acknowledgement.fingerprint, acknowledgement);
  }

  async end(fingerprint: string): Promise<void> {
    if (!this.#byFingerprint.delete(fingerprint)) return;
    await this.#records.append({ gone: fingerprint });
  }

  async maintain(): Promise<void> {
    await this.#records.compact(() => this.#byFingerprint.values(), this.#byFingerprint.size);
  }
}
