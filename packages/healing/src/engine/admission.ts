import { sleep, type Clock } from '@prunella/metrics';
import type { GlobalConfig, Runbook } from '../config/config.ts';
import type { Incident } from '../incident/incident.ts';
import type { IncidentBook } from './book.ts';
import type { Guards, Verdict } from './guards.ts';
import type { Finding, Prover } from './prover.ts';

export interface AdmissionParts {
  readonly clock: Clock;
  readonly book: IncidentBook;
  readonly guards: Guards;
  readonly prover: Prover;
}

/** `admitted`: the guards have given it its place. `over`: closed, or aborted. */
export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'over' }
  | { readonly kind: 'refused'; readonly why: string };

const POLL = 1000;
const QUERY_POLL = 5000;
// An alert whose end we may have missed is given up after its expression returned nothing for so long …
export const GONE_AFTER = 600_000;
// … and one of which nothing can be known is handed to a person.
const UNKNOWN_AFTER = 300_000;

/** Waits until a run is within its limits and its alert is known to be true: nothing is done on missing data. */
export async function admit(
  incident: Incident,
  runbook: Runbook,
  global: GlobalConfig,
  parts: AdmissionParts,
  signal: AbortSignal,
): Promise<Admission> {
  const { clock, book, guards, prover } = parts;
  const verdict = (): Verdict => guards.check(incident, runbook, global, book.all(), clock.now());
  const doubts = new Doubts();
  // Each reason once: several that take turns must not fill the timeline.
  const said = new Set<string>();
  while (!signal.aborted) {
    let answer = verdict();
    const allowed = answer.kind === 'go';
    if (allowed) {
      const finding = await prover.isFiring(incident);
      if (signal.aborted) break;
      const now = clock.now();
      doubts.note(finding, now);
      if (doubts.lasts('unknown', UNKNOWN_AFTER, now)) {
        return { kind: 'refused', why: `it cannot be told whether it still holds (${finding.why})` };
      }
      if (doubts.lasts('gone', GONE_AFTER, now)) {
        await book.close(
          incident.id,
          'resolved',
          `Closed: ${finding.why}, for ${GONE_AFTER / 60_000} minutes`,
        );
        return { kind: 'over' };
      }
      // Asked again: another run may have taken the place meanwhile. Nothing comes between this and the claim.
      answer = finding.state === 'firing' ? verdict() : { kind: 'hold', why: finding.why };
      if (answer.kind === 'go') {
        guards.claim(incident);
        return { kind: 'admitted' };
      }
    }
    if (answer.kind === 'refuse') return { kind: 'refused', why: answer.why };
    if (answer.kind === 'hold' && !said.has(answer.why)) {
      said.add(answer.why);
      await book.record(incident.id, {
        entries: [{ time: clock.now(), kind: 'guard', text: `Not yet: ${answer.why}` }],
      });
    }
    await sleep(clock, allowed ? QUERY_POLL : POLL, signal);
  }
  return { kind: 'over' };
}

/** Since when an alert has been gone, or unknown, without a break. */
class Doubts {
  #state: Finding['state'] = 'firing';
  #since = 0;

  note({ state }: Finding, now: number): void {
    if (state !== this.#state) this.#since = now;
    this.#state = state;
  }

  lasts(state: Finding['state'], long: number, now: number): boolean {
    return this.#state === state && now - this.#since >= long;
  }
}
