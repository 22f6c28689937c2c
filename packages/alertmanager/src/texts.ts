import { Labels } from '@prunella/metrics';

/** So many texts are remembered; then it begins anew. */
const MOST = 20_000;
/** JSON.parse() itself gives one string for equal texts up to this length. */
const SHORT = 10;

/**
 * One string for equal texts. Alerts of one rule share their description, runbook and generator URL, alerts of one
 * machine its name; each was parsed from a request of its own.
 */
export class Texts {
  readonly #known = new Map<string, string>();

  text(text: string): string {
    if (text.length <= SHORT) return text;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(text, text);
    return text;
  }

  /** The same labels in as little memory as they need. */
  labels({ pairs }: Labels): Labels {
    return Labels.fromSortedPairs(pairs.map((text) => this.text(text)));
  }
}
