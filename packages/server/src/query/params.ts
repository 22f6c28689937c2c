import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Matcher, parseDuration } from '@prunella/metrics';
import { parseSelector, ParseError } from '@prunella/promql';

/** A request that is wrong in itself: answered with 400 and `bad_data`. */
export class BadRequest extends Error {
  override name = 'BadRequest';
}

/** What an int64 of nanoseconds holds, s: Prometheus keeps durations in one. */
const MOST_SECONDS = 2 ** 63 / 1e9;
/** How Prometheus writes the earliest and the latest time it knows. */
const EDGES = new Map([
  ['-292273086-05-16T16:47:06Z', Number.MIN_SAFE_INTEGER],
  ['292277025-08-18T07:12:54.999999999Z', Number.MAX_SAFE_INTEGER],
]);

/** Parameters of a request, from the form of a POST and from the query string. Errors are in Prometheus's words. */
export class Params {
  readonly #params: URLSearchParams;

  constructor(request: FastifyRequest) {
    const url = request.raw.url ?? '';
    const at = url.indexOf('?');
    // As in Go, the form goes first.
    const form = typeof request.body === 'string' ? request.body : '';
    this.#params = new URLSearchParams([...pairs(form), ...pairs(at < 0 ? '' : url.slice(at + 1))]);
  }

  /** The first value; undefined for none and for an empty one. */
  get(name: string): string | undefined {
    return this.#params.get(name) || undefined;
  }

  all(name: string): string[] {
    return this.#params.getAll(name);
  }

  require(name: string): string {
    return this.get(name) ?? '';
  }

  /** A time that may be left out, ms. @throws BadRequest */
  time(name: string, fallback: number): number {
    const text = this.get(name);
    if (text === undefined) return fallback;
    const time = EDGES.get(text) ?? parseTime(text);
    if (time === undefined)
      throw invalid(
        name,
        `invalid time value for '${name}': cannot parse ${JSON.stringify(text)} to a valid timestamp`,
      );
    return time;
  }

  /** A time that must be there, ms. @throws BadRequest */
  requireTime(name: string): number {
    const text = this.get(name) ?? '';
    const time = EDGES.get(text) ?? parseTime(text);
    if (time === undefined) throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
    return time;
  }

  /** ms; undefined where there is none. @throws BadRequest */
  duration(name: string): number | undefined {
    const text = this.get(name);
    return text === undefined ? undefined : parseDurationText(text, (why) => invalid(name, why));
  }

  /** @throws BadRequest */
  requireDuration(name: string): number {
    return parseDurationText(this.get(name) ?? '', (why) => invalid(name, why));
  }

  /** ms; undefined for the engine's own. @throws BadRequest */
  lookback(): number | undefined {
    const text = this.get('lookback_delta');
    if (text === undefined) return undefined;
    const ms = parseDurationText(
      text,
      (why) => new BadRequest(`error parsing lookback delta duration: ${why}`),
    );
    return ms > 0 ? ms : undefined;
  }

  /** Infinity where there is none. @throws BadRequest */
  limit(): number {
    const text = this.get('limit');
    if (text === undefined) return Infinity;
    const limit = parseInteger(text, (why) =>
      invalid('limit', `strconv.Atoi: parsing ${JSON.stringify(text)}: ${why}`),
    );
    if (limit < 0) throw invalid('limit', 'limit must be non-negative');
    return limit === 0 ? Infinity : limit;
  }

  /** A limit of the metadata, which has no upper bound below 1. @throws BadRequest */
  metadataLimit(name: string): number {
    const text = this.get(name);
    if (text === undefined) return Infinity;
    const limit = parseInteger(text, () => new BadRequest(`${name} must be a number`));
    return limit > 0 ? limit : Infinity;
  }

  /** The `match[]` parameters, each a list of matchers. @throws BadRequest */
  matchers(
    refuse: (why: string) => BadRequest = (why) => invalid('match[]', why),
  ): readonly (readonly Matcher[])[] {
    return this.all('match[]').map((text) => {
      try {
        return parseSelector(text);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
        if (error.reason.includes('at least one non-empty matcher'))
          throw refuse('match[] must contain at least one non-empty matcher');
        throw refuse(text === '' ? 'unknown position: parse error: unexpected end of input' : error.message);
      }
    });
  }
}

/** `invalid parameter "name": why`. */
export function invalid(name: string, why: string): BadRequest {
  return new BadRequest(`invalid parameter ${JSON.stringify(name)}: ${why}`);
}

/** The pairs of a query string; as in Go, one with a broken escape is passed over. */
function pairs(text: string): [string, string][] {
  const whole = text.split('&').filter((pair) => !/%(?![0-9a-fA-F]{2})/.test(pair));
  return [...new URLSearchParams(whole.join('&'))];
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Unix seconds with a fraction, or RFC 3339; gives ms, undefined for anything else. */
function parseTime(text: string): number | undefined {
  const time = RFC3339.test(text) ? Date.parse(text) : parseSeconds(text) * 1000;
  return Number.isSafeInteger(Math.round(time)) ? Math.round(time) : undefined;
}

function parseSeconds(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}

function parseDurationText(text: string, refuse: (why: string) => BadRequest): number {
  const why = `cannot parse ${JSON.stringify(text)} to a valid duration`;
  const seconds = parseSeconds(text);
  if (Math.abs(seconds) > MOST_SECONDS) throw refuse(`${why}. It overflows int64`);
  if (!Number.isNaN(seconds)) return Math.trunc(seconds * 1000);
  try {
    return parseDuration(text);
  } catch {
    throw refuse(why);
  }
}

function parseInteger(text: string, refuse: (why: string) => BadRequest): number {
  if (!/^[+-]?\d+$/.test(text)) throw refuse('invalid syntax');
  const value = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(64, value) !== value) throw refuse('value out of range');
  return Number(value);
}

/** Lets a scope take forms, as Prometheus's API does for long queries. */
export function acceptForms(app: FastifyInstance): void {
  const options = { parseAs: 'string', bodyLimit: 2 << 20 } as const;
  app.addContentTypeParser('application/x-www-form-urlencoded', options, (_request, body, done) =>
    done(null, body),
  );
}
