/** Which metric families a service exposes. Their names come from three conventions that are in use side by side. */
export const PROFILES = ['s2', 's4', 's5'] as const;
/** `s2`: `app_*`; `s4`: `flask_*`, as prometheus-flask-exporter names them; `s5`: `http_*` and `custom_process_*`. */
export type Profile = (typeof PROFILES)[number];

export interface Settings {
  readonly profiles: ReadonlySet<Profile>;
  /** How often the gauges that cost a directory listing are refreshed. */
  readonly collectionIntervalMs: number;
  /** Upper bounds of `http_request_duration_seconds`, in seconds. */
  readonly durationBuckets: readonly number[];
  /** Upper bounds of `http_request_size_bytes` and `http_response_size_bytes`. */
  readonly sizeBuckets: readonly number[];
}

/** Said in code, it wins over the environment variable of the same meaning. */
export type SettingsInput = Partial<Omit<Settings, 'profiles'>> & { readonly profiles?: readonly Profile[] };

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting that a person got wrong. The message names it. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

const DEFAULT_DURATION_BUCKETS = [0.1, 0.3, 0.5, 1, 2, 5, 10];
const DEFAULT_SIZE_BUCKETS = [100, 500, 1000, 5000, 10_000];
const DEFAULT_COLLECTION_INTERVAL_MS = 10_000;

/**
 * `METRICS_PROFILES=s2,s4,s5`, `METRICS_COLLECTION_INTERVAL` (seconds, or with a unit: `500ms`, `10s`, `1m`),
 * `METRICS_DURATION_BUCKETS` and `METRICS_SIZE_BUCKETS` (comma-separated, increasing).
 * @throws SettingsError
 */
export function readSettings(env: Environment, input: SettingsInput = {}): Settings {
  return {
    profiles: new Set(input.profiles ?? profiles(unquote(env['METRICS_PROFILES']))),
    collectionIntervalMs: positive(
      'METRICS_COLLECTION_INTERVAL',
      input.collectionIntervalMs ?? interval(unquote(env['METRICS_COLLECTION_INTERVAL'])),
    ),
    durationBuckets: increasing(
      'METRICS_DURATION_BUCKETS',
      input.durationBuckets ?? numbers(unquote(env['METRICS_DURATION_BUCKETS'])) ?? DEFAULT_DURATION_BUCKETS,
    ),
    sizeBuckets: increasing(
      'METRICS_SIZE_BUCKETS',
      input.sizeBuckets ?? numbers(unquote(env['METRICS_SIZE_BUCKETS'])) ?? DEFAULT_SIZE_BUCKETS,
    ),
  };
}

/** Compose's list form `- NAME="value"` hands the quotes over as part of the value; an empty value means not set. */
function unquote(value: string | undefined): string | undefined {
  const text = value?.trim().replace(/^(["'])(.*)\1$/s, '$2');
  return text === '' ? undefined : text;
}

function profiles(text: string | undefined): readonly Profile[] {
  if (text === undefined) return PROFILES;
  return text.split(',').map((part) => {
    const profile = PROFILES.find((known) => known === part.trim());
    if (!profile) {
      throw new SettingsError(
        `METRICS_PROFILES: unknown profile "${part.trim()}", expected ${PROFILES.join(', ')}`,
      );
    }
    return profile;
  });
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function interval(text: string | undefined): number {
  if (text === undefined) return DEFAULT_COLLECTION_INTERVAL_MS;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  return match ? Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? Number.NaN) : Number.NaN;
}

function positive(name: string, value: number): number {
  if (!Number.isFinite(value) || value <= 0)
    throw new SettingsError(`${name}: expected a positive duration such as 10s`);
  return value;
}

function numbers(text: string | undefined): number[] | undefined {
  return text?.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
}

function increasing(name: string, bounds: readonly number[]): readonly number[] {
  for (const [index, bound] of bounds.entries()) {
    if (!Number.isFinite(bound)) throw new SettingsError(`${name}: bound ${index + 1} is not a number`);
    const previous = bounds[index - 1];
    if (previous !== undefined && bound <= previous) {
      throw new SettingsError(`${name}: bounds must increase, but ${bound} follows ${previous}`);
    }
  }
  if (bounds.length === 0) throw new SettingsError(`${name}: at least one bound is needed`);
  return bounds;
}
