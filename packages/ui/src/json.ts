/**
 * Reading JSON that somebody else wrote. Every accessor takes `unknown` and gives the shape asked for or a
 * harmless stand-in: a dashboard file or an answer with a missing or wrong field must never throw in a page.
 */
export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function obj(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function objects(value: unknown): JsonObject[] {
  return list(value).filter(isObject);
}

/** A string; numbers and booleans are written out, anything else becomes the fallback. */
export function str(value: unknown, fallback = ''): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : fallback;
}

export function strings(value: unknown): string[] {
  return list(value)
    .filter((item) => typeof item === 'string' || typeof item === 'number')
    .map((item) => str(item));
}

/** A finite number, also when written as a string ("80"), or undefined. */
export function num(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

export function bool(value: unknown, fallback = false): boolean {
  return typeof value === 'boolean' ? value : fallback;
}

/** The entries of an object whose values are text: labels, annotations. */
export function labelsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(obj(value)).map(([name, text]) => [name, str(text)]));
}
