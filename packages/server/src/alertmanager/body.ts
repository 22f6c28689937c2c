/** Reads bodies as go-openapi's generated code does: types first (400), then what is required and its form (422). */
import { parseTime } from '@prunella/alertmanager';
import { ApiError } from './errors.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Parses the raw body. @throws ApiError */
export function parseBody(raw: unknown, name: string): unknown {
  if (typeof raw !== 'string' || raw === '') throw ApiError.invalid(602, `${name} in body is required`);
  try {
    return JSON.parse(raw);
  } catch (error) {
    throw unreadable(name, (error as Error).message);
  }
}

export function unreadable(name: string, why: string): ApiError {
  return ApiError.generated(400, `parsing ${name} body from "" failed, because ${why}`);
}

/** Fields of one object of a body. */
export class Fields {
  readonly #object: Json;
  readonly #body: string;
  readonly #path: string;

  /**
   * @param body what the body is called in messages
   * @param path of this object: '' or `0.`
   * @throws ApiError where it is no object
   */
  constructor(value: unknown, body: string, path = '') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw unreadable(body, `json: cannot unmarshal ${typeNameOf(value)} into an object`);
    }
    this.#object = value as Json;
    this.#body = body;
    this.#path = path;
  }

  get(name: string): unknown {
    return this.#object[name] ?? undefined;
  }

  /** A string; undefined where it is missing. */
  text(name: string): string | undefined {
    return this.#typed(name, 'string');
  }

  flag(name: string): boolean | undefined {
    return this.#typed(name, 'boolean');
  }

  textMap(name: string): Record<string, string> | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw this.#mistyped(name, value, 'object');
    const map = value as Json;
    for (const key of Object.keys(map)) {
      const each = map[key];
      if (typeof each !== 'string') throw this.#mistyped(`${name}.${key}`, each, 'string');
    }
    return value as Record<string, string>;
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.get(name);
    if (value !== undefined && !Array.isArray(value)) throw this.#mistyped(name, value, 'list');
    return value as readonly unknown[] | undefined;
  }

  /** RFC 3339 → ms. */
  time(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined || text === '') return undefined;
    const time = parseTime(text);
    if (time === undefined)
      throw unreadable(this.#body, `parsing time ${JSON.stringify(text)}: not RFC 3339`);
    return time;
  }

  /** @throws ApiError where it is missing */
  required<T>(name: string, value: T | undefined): T {
    if (value === undefined) throw ApiError.invalid(602, `${this.#path}${name} in body is required`);
    return value;
  }

  #typed<T>(name: string, type: 'string' | 'boolean'): T | undefined {
    const value = this.get(name);
    if (value !== undefined && typeof value !== type) throw this.#mistyped(name, value, type);
    return value as T | undefined;
  }

  #mistyped(name: string, value: unknown, type: string): ApiError {
    const field = `${this.#path}${name}`;
    return unreadable(
      this.#body,
      `json: cannot unmarshal ${typeNameOf(value)} into field ${field} of type ${type}`,
    );
  }
}

function typeNameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
