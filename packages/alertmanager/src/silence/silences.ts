import { randomUUID } from 'node:crypto';
import type { Clock } from '@prunella/metrics';
import type { Alert } from '../alert.ts';
import type { Records } from '../store.ts';
import {
  CompiledSilence,
  sameMatchers,
  SilenceError,
  silenceState,
  validateSilence,
  type Silence,
  type SilenceRequest,
  type SilenceState,
} from './silence.ts';

export interface SilencesOptions {
  readonly clock: Clock;
  readonly records: Records<Silence>;
  /** How long an expired silence is kept, ms. */
  readonly retention: number;
  /** 0 = no limit */
  readonly maxSilences?: number;
  readonly maxBytes?: number;
}

/** The silences of one Alertmanager. What a method has promised is on disk when its promise resolves. */
export class Silences {
  readonly #options: SilencesOptions;
  readonly #silences = new Map<string, CompiledSilence>();
  /** How often it was asked which silences mute an alert. */
  queries = 0;
  /** Counts changes: which silences match an alert is looked up again only when there was one. */
  #version = 0;
  readonly #matching = new Map<string, { version: number; silences: readonly CompiledSilence[] }>();

  constructor(options: SilencesOptions) {
    this.#options = options;
    for (const silence of options.records.loaded) this.#keep(silence);
    this.#forgetOld();
  }

  get(id: string): Silence | undefined {
    return this.#silences.get(id)?.silence;
  }

  all(): Silence[] {
    return Array.from(this.#silences.values(), (compiled) => compiled.silence);
  }

  get size(): number {
    return this.#silences.size;
  }

  count(): Record<SilenceState, number> {
    const counts = { active: 0, pending: 0, expired: 0 };
    const now = this.#now();
    for (const silence of this.all()) counts[silenceState(silence, now)]++;
    return counts;
  }

  /**
   * Creates a silence, or changes the one with the id given. One whose matchers or past would change cannot be edited:
   * it expires and a new one takes its place.
   * @returns the id
   * @throws SilenceError
   */
  async set(request: SilenceRequest): Promise<string> {
    validateSilence(request);
    const now = this.#now();
    this.#checkSize(request);
    const previous = request.id === undefined || request.id === '' ? undefined : this.get(request.id);
    if (request.id && !previous) throw new SilenceError('not_found', 'silence not found');
    if (previous && canEdit(previous, request, now)) {
      await this.#write({ ...request, id: previous.id, updatedAt: now });
      return previous.id;
    }
    this.#checkCount();
    if (previous && silenceState(previous, now) !== 'expired') await this.expire(previous.id);
    const id = randomUUID();
    await this.#write({ ...request, id, startsAt: Math.max(request.startsAt, now), updatedAt: now });
    return id;
  }

  /** Ends a silence now; one that has ended stays as it is. @throws SilenceError */
  async expire(id: string): Promise<void> {
    const silence = this.get(id);
    if (!silence) throw new SilenceError('not_found', 'silence not found');
    const now = this.#now();
    const state = silenceState(silence, now);
    if (state === 'expired') return;
    const startsAt = state === 'pending' ? now : silence.startsAt;
    await this.#write({ ...silence, startsAt, endsAt: now, updatedAt: now });
  }

  /** Ids of the active silences that mute this alert, sorted. */
  silencing(alert: Pick<Alert, 'fingerprint' | 'labels'>): string[] {
    this.queries++;
    if (this.#silences.size === 0) return [];
    const now = this.#now();
    return this.#candidates(alert)
      .filter(({ silence }) => silenceState(silence, now) === 'active')
      .map(({ silence }) => silence.id)
      .sort();
  }

  /** Drops what expired longer ago than the retention, and the memory of alerts that are gone. */
  async maintain(): Promise<void> {
    this.#forgetOld();
    this.#matching.clear();
    await this.#options.records.compact(() => this.all(), this.#silences.size);
  }

  #candidates(alert: Pick<Alert, 'fingerprint' | 'labels'>): readonly CompiledSilence[] {
    const known = this.#matching.get(alert.fingerprint);
    if (known?.version === this.#version) return known.silences;
    const now = this.#now();
    const silences = [...this.#silences.values()].filter(
      (compiled) => silenceState(compiled.silence, now) !== 'expired' && compiled.matches(alert.labels),
    );
    this.#matching.set(alert.fingerprint, { version: this.#version, silences });
    return silences;
  }

  async #write(silence: Silence): Promise<void> {
    await this.#options.records.append(silence);
    this.#keep(silence);
  }

  #keep(silence: Silence): void {
    this.#silences.set(silence.id, new CompiledSilence(silence));
    this.#version++;
  }

  #forgetOld(): void {
    const oldest = this.#now() - this.#options.retention;
    for (const { silence } of this.#silences.values()) {
      if (silence.endsAt < oldest) this.#silences.delete(silence.id);
    }
    this.#version++;
  }

  #checkCount(): void {
    const { maxSilences = 0 } = this.#options;
    if (maxSilences > 0 && this.#silences.size >= maxSilences) {
      throw new SilenceError('limit', `exceeded maximum number of silences: ${maxSilences}`);
    }
  }

  #checkSize(request: SilenceRequest): void {
    const { maxBytes = 0 } = this.#options;
    if (maxBytes === 0) return;
    const bytes = Buffer.byteLength(JSON.stringify(request));
    if (bytes > maxBytes) {
      throw new SilenceError(
        'limit',
        `silence exceeded maximum size: ${bytes} bytes (limit: ${maxBytes} bytes)`,
      );
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function canEdit(previous: Silence, next: SilenceRequest, now: number): boolean {
  if (!sameMatchers(previous.matchers, next.matchers)) return false;
  switch (silenceState(previous, now)) {
    case 'active':
      return seconds(previous.startsAt) === seconds(next.startsAt) && next.endsAt >= now;
    case 'pending':
      return next.startsAt >= now;
    case 'expired':
      return false;
  }
}

/** amtool and pages send the start back without its fraction. */
function seconds(time: number): number {
  return Math.floor(time / 1000);
}
