import { matchAll, parseMatcher, type Matcher } from '@prunella/alertmanager';
import { compileRegex, type Labels } from '@prunella/metrics';
import { ApiError } from './errors.ts';

/** Query parameters; one given several times is a list. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const TRUE = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** What go-openapi takes for true; anything else is false. */
export function flagParam(query: Query, name: string, fallback: boolean): boolean {
  const value = lastOf(query[name]);
  return value === undefined || value === '' ? fallback : TRUE.has(value.toLowerCase());
}

export function textParam(query: Query, name: string): string | undefined {
  return lastOf(query[name]);
}

function lastOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.at(-1);
}

function listParam(query: Query, name: string): readonly string[] {
  const value = query[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

/** All the matchers of a parameter given any number of times. @throws ApiError */
export function matchersParam(query: Query, name: string): Matcher[] {
  return listParam(query, name).map((text) => {
    try {
      return parseMatcher(text);
    } catch (error) {
      throw ApiError.plain(400, (error as Error).message);
    }
  });
}

/** A test on receivers: `receiver` is an anchored regular expression, `receiver_matchers` look at their labels. @throws ApiError */
export function receiverFilter(
  query: Query,
  labelsOf: (receiver: string) => Labels,
): (receiver: string) => boolean {
  const matchers = matchersParam(query, 'receiver_matchers');
  const expression = textParam(query, 'receiver');
  const regex = expression === undefined || expression === '' ? undefined : anchored(expression);
  return (receiver) =>
    (regex === undefined || regex.test(receiver)) &&
    (matchers.length === 0 || matchAll(matchers, labelsOf(receiver)));
}

function anchored(expression: string): { test: (text: string) => boolean } {
  try {
    return compileRegex(`^(?:${expression})$`, expression);
  } catch (error) {
    throw ApiError.plain(400, `failed to parse receiver param: ${(error as Error).message}`);
  }
}
