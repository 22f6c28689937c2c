import type { Labels } from '@prunella/metrics';
import { Matcher, matchAll } from '../match/matcher.ts';

export type SilenceState = 'active' | 'pending' | 'expired';

export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** What a person asks for. */
export interface SilenceRequest {
  readonly id?: string;
  readonly matchers: readonly SilenceMatcher[];
  /** ms */
  readonly startsAt: number;
  readonly endsAt: number;
  readonly createdBy: string;
  readonly comment: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What is kept, on disk and in memory. */
export interface Silence extends SilenceRequest {
  readonly id: string;
  readonly updatedAt: number;
}

export type SilenceFault = 'invalid' | 'not_found' | 'limit';

export class SilenceError extends Error {
  override name = 'SilenceError';
  readonly code: SilenceFault;
  constructor(code: SilenceFault, message: string) {
    super(message);
    this.code = code;
  }
}

export function silenceState(silence: SilenceRequest, now: number): SilenceState {
  if (now < silence.startsAt) return 'pending';
  return now < silence.endsAt ? 'active' : 'expired';
}

export class CompiledSilence {
  readonly silence: Silence;
  readonly #matchers: readonly Matcher[];
  constructor(silence: Silence) {
    this.silence = silence;
    this.#matchers = compileMatchers(silence.matchers);
  }

  matches(labels: Labels): boolean {
    return matchAll(this.#matchers, labels);
  }
}

/** @throws SilenceError */
export function validateSilence(silence: SilenceRequest): void {
  if (silence.matchers.length === 0) throw invalid('at least one matcher required');
  for (const [i, matcher] of silence.matchers.entries()) {
    if (matcher.name === '') throw invalid(`invalid label matcher ${i}: invalid label name ""`);
  }
  // A silence that no label is needed for would silence everything. `!=` and `!~` count as needing one, though they do not.
  if (compileMatchers(silence.matchers).every((matcher) => matcher.isEqual && matcher.matches(''))) {
    throw invalid('at least one matcher must not match the empty string');
  }
  if (silence.endsAt < silence.startsAt) throw invalid('end time must not be before start time');
}

function compileMatchers(matchers: readonly SilenceMatcher[]): Matcher[] {
  return matchers.map((matcher, i) => {
    try {
      return Matcher.of(matcher.name, matcher.value, matcher);
    } catch (error) {
      throw invalid(`invalid label matcher ${i}: ${(error as Error).message}`);
    }
  });
}

function invalid(message: string): SilenceError {
  return new SilenceError('invalid', `invalid silence: ${message}`);
}

export function sameMatchers(a: readonly SilenceMatcher[], b: readonly SilenceMatcher[]): boolean {
  const print = (matchers: readonly SilenceMatcher[]): string =>
    JSON.stringify(matchers.map((m) => [m.name, m.value, m.isRegex, m.isEqual]));
  return print(a) === print(b);
}
