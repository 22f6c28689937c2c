import { readYaml } from '@prunella/metrics/config';

/**
 * Expands every string of a payload as a template. What comes out is read as YAML again, so that `'{{ len .Alerts }}'`
 * gives a number and `'{{ toJson .CommonLabels }}'` an object; what is not YAML stays text.
 */
export function expandPayload(payload: unknown, expand: (template: string) => string): unknown {
  if (typeof payload === 'string') return reread(expand(payload));
  if (Array.isArray(payload)) return payload.map((item) => expandPayload(item, expand));
  if (payload === null || typeof payload !== 'object') return payload;
  return Object.fromEntries(
    Object.entries(payload).map(([key, value]) => [expand(key), expandPayload(value, expand)]),
  );
}

function reread(text: string): unknown {
  try {
    return readYaml(text) ?? text;
  } catch {
    return text;
  }
}

/** Expands every string inside, keys excepted; what comes out stays text. */
export function expandStrings(value: unknown, expand: (template: string) => string): unknown {
  if (typeof value === 'string') return expand(value);
  if (Array.isArray(value)) return value.map((item) => expandStrings(item, expand));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, expandStrings(inner, expand)]));
}
