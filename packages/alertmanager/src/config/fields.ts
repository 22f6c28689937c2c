/** The kinds of values that Alertmanager's format is made of. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { converted, secret, Secret } from '@prunella/metrics/config';
import * as v from 'valibot';

/** A string; as in Go's YAML, `channel: 42` and `value: true` are strings too. */
export const text: v.GenericSchema<unknown, string> = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], 'expected a string'),
  v.transform(String),
);
export const flag: v.GenericSchema<unknown, boolean> = v.boolean('expected true or false');
export const count: v.GenericSchema<unknown, number> = v.pipe(
  v.number('expected a number'),
  v.integer('expected a whole number'),
  v.minValue(0, 'must not be negative'),
);
export const texts: v.GenericSchema<unknown, string[]> = v.array(text, 'expected a list');
export const textMap: v.GenericSchema<unknown, Record<string, string>> = v.record(v.string(), text);

/** A template that gives an http(s) URL; one without template syntax is checked at once. */
const urlText: v.GenericSchema<string, string> = v.pipe(
  v.string(),
  v.check((value) => value.includes('{{') || isHttpUrl(value), 'expected an http or https URL'),
);

export const url: v.GenericSchema<unknown, string> = urlText as v.GenericSchema<unknown, string>;

export const secretUrl: v.GenericSchema<unknown, Secret> = v.pipe(urlText, secret) as v.GenericSchema<
  unknown,
  Secret
>;

export function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

/** `1.5h`, `300ms` → ms. @throws Error */
export function parseGoDuration(value: string): number {
  if (value === '0') return 0;
  if (!/^(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(value)) {
    throw new Error(`time: invalid duration ${JSON.stringify(value)}`);
  }
  const parts = value.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g);
  return [...parts].reduce(
    (sum, [, number, unit]) => sum + Number(number) * (MS_PER[unit as string] ?? 0),
    0,
  );
}

const MS_PER: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

export const goDuration: v.GenericSchema<unknown, number> = converted(parseGoDuration) as v.GenericSchema<
  unknown,
  number
>;

/** An object of exactly these keys, all optional unless their schema says otherwise; its type is stated by the caller. */
export function objectOf<T>(entries: v.ObjectEntries): v.GenericSchema<unknown, T> {
  return v.strictObject(entries) as unknown as v.GenericSchema<unknown, T>;
}

export function listOf<T>(item: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T[]> {
  return v.array(item, 'expected a list');
}

/** All of these optional. */
export function optional<K extends string>(
  schema: v.GenericSchema,
  ...keys: K[]
): Record<K, v.GenericSchema> {
  const entries: Record<string, v.GenericSchema> = {};
  for (const key of keys) entries[key] = v.optional(schema);
  return entries as Record<K, v.GenericSchema>;
}

/** A secret in the file itself, in a file of its own, or (ours) in an environment variable. */
export type SecretFields<N extends string> = { readonly [K in N]?: Secret } & {
  readonly [K in `${N}_file` | `${N}_env`]?: string;
};

export function secretEntries(schema: v.GenericSchema, ...names: string[]): v.ObjectEntries {
  return Object.assign(
    {},
    ...names.map((name) => ({
      [name]: v.optional(schema),
      [`${name}_file`]: v.optional(text),
      [`${name}_env`]: v.optional(text),
    })),
  ) as v.ObjectEntries;
}

/** Where secrets that are not in the configuration file are looked up. */
export interface SecretPlaces {
  /** What relative file names are relative to: the configuration file's folder. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Is told every secret that is read, so that it can be kept out of messages. */
  readonly onReveal?: (secret: string) => void;
}

export function hasSecret<N extends string>(fields: SecretFields<N>, name: N): boolean {
  return secretPlacesGiven(fields, name).length > 0;
}

/** What is wrong with the places given for a secret. */
export function secretFault<N extends string>(fields: SecretFields<N>, name: N): string | undefined {
  const given = secretPlacesGiven(fields, name);
  return given.length > 1 ? `at most one of ${given.join(' & ')} must be configured` : undefined;
}

function secretPlacesGiven(fields: object, name: string): string[] {
  return [name, `${name}_file`, `${name}_env`].filter((key) => key in fields);
}

/**
 * The secret as it is now: files and variables are read each time, so that it can be changed without a reload.
 * @returns undefined where none is configured. @throws Error where the place does not hold one
 */
export async function readSecret<N extends string>(
  fields: SecretFields<N>,
  name: N,
  places: SecretPlaces,
): Promise<string | undefined> {
  const secret = await lookUp(fields, name, places);
  if (secret !== undefined) places.onReveal?.(secret);
  return secret;
}

async function lookUp(fields: object, name: string, places: SecretPlaces): Promise<string | undefined> {
  const {
    [name]: inline,
    [`${name}_file`]: file,
    [`${name}_env`]: variable,
  } = fields as Record<string, unknown>;
  if (inline !== undefined) return (inline as Secret).reveal();
  if (file !== undefined) return (await readFile(resolve(places.directory, file as string), 'utf8')).trim();
  if (variable === undefined) return undefined;
  const value = places.env[variable as string];
  if (value === undefined || value === '')
    throw new Error(`environment variable ${variable as string} is not set`);
  return value;
}

/** Keys with nothing after the colon count as not given, as in Go's YAML. */
export function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(entries.map(([key, inner]) => [key, dropNulls(inner)]));
}

/**
 * A URL that is a secret, but whose host may be seen: amtool before 0.28 reads the shown configuration of a webhook
 * and wants a URL there.
 */
export class HostOnly extends Secret {
  override toString(): string {
    const value = this.reveal();
    return isHttpUrl(value) ? `${new URL(value).origin}/%3Csecret%3E` : '<secret>';
  }

  override toJSON(): string {
    return this.toString();
  }
}

export const visibleUrl: v.GenericSchema<unknown, Secret> = v.pipe(
  urlText,
  v.transform((value) => new HostOnly(value)),
) as v.GenericSchema<unknown, Secret>;

/** `a@x, b@y,` → both; spaces around and empty entries are dropped. */
export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
