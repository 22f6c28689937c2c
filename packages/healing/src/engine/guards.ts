import type { GlobalConfig, Runbook } from '../config/config.ts';
import type { Incident } from '../incident/incident.ts';

/** `hold`: not now; ask again. `refuse`: not at all; a person has to look. */
export type Verdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'hold'; readonly why: string }
  | { readonly kind: 'refuse'; readonly why: string };

const GO: Verdict = { kind: 'go' };

/**
 * The limits within which runs are allowed. All but what runs at the moment is read from the incidents themselves, so
 * that a restart forgets no limit.
 */
export class Guards {
  readonly #running = new Map<string, string>();

  /** @param incidents all known ones, newest first */
  check(
    incident: Incident,
    runbook: Runbook,
    global: GlobalConfig,
    incidents: readonly Incident[],
    now: number,
  ): Verdict {
    const acted = incidents.filter(
      (each) => each.origin === 'alert' && each.actedAt !== undefined && each !== incident,
    );
    const ofRunbook = acted.filter((each) => each.runbook === runbook.name);
    const sameTarget = ofRunbook.filter((each) => each.target === incident.target);
    return (
      this.#breaker(ofRunbook, global, now) ??
      this.#attempts(incident, sameTarget, runbook, now) ??
      this.#busy(incident, global) ??
      this.#cooldown(sameTarget, runbook, now) ??
      this.#storm(acted, global, now) ??
      GO
    );
  }

  /** Takes the target and one of the global places until `release`. */
  claim(incident: Incident): void {
    this.#running.set(place(incident), incident.id);
  }

  release(incident: Incident): void {
    if (this.#running.get(place(incident)) === incident.id) this.#running.delete(place(incident));
  }

  #breaker(ofRunbook: readonly Incident[], global: GlobalConfig, now: number): Verdict | undefined {
    let failures = 0;
    for (const each of ofRunbook) {
      if (each.outcome === 'healed') break;
      if (each.outcome !== 'escalated') continue;
      if (now - (each.actedAt as number) > global.breaker_reset) break;
      failures++;
    }
    if (failures < global.breaker_failures) return undefined;
    return { kind: 'refuse', why: `the runbook failed ${failures} times in a row and is stopped` };
  }

  #attempts(
    incident: Incident,
    sameTarget: readonly Incident[],
    { limits }: Runbook,
    now: number,
  ): Verdict | undefined {
    const recent = sameTarget.filter((each) => now - (each.actedAt as number) < limits.window).length;
    if (recent < limits.attempts) return undefined;
    return {
      kind: 'refuse',
      why: `all ${limits.attempts} attempts of ${limits.window / 60_000} minutes on ${place(incident)} are used up`,
    };
  }

  #busy(incident: Incident, global: GlobalConfig): Verdict | undefined {
    const other = this.#running.get(place(incident));
    if (other !== undefined && other !== incident.id)
      return { kind: 'hold', why: `another run works on ${place(incident)}` };
    if (this.#running.size < global.concurrency) return undefined;
    return { kind: 'hold', why: `${global.concurrency} other runs are under way` };
  }

  #cooldown(sameTarget: readonly Incident[], { limits }: Runbook, now: number): Verdict | undefined {
    const last = Math.max(...sameTarget.map((each) => each.closedAt ?? (each.actedAt as number)), -Infinity);
    if (now - last >= limits.cooldown) return undefined;
    return { kind: 'hold', why: `cooling down until ${new Date(last + limits.cooldown).toISOString()}` };
  }

  #storm(acted: readonly Incident[], global: GlobalConfig, now: number): Verdict | undefined {
    // Those under way count whether they have acted yet or not: in a moment they will have.
    const running = new Set(this.#running.values());
    const before = acted.filter(
      (each) => !running.has(each.id) && now - (each.actedAt as number) < global.window,
    );
    const recent = before.length + running.size;
    if (recent < global.actions) return undefined;
    return { kind: 'hold', why: `${global.actions} runs in ${global.window / 60_000} minutes are the limit` };
  }
}

/** Whatever has no target stands in its own way only. */
function place(incident: Incident): string {
  return incident.target ?? `runbook ${incident.runbook}`;
}
