import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Matcher, parseDuration } from '@prunella/metrics';
import { parseSelector, ParseError } from '@prunella/promql';

/** A request that is wrong in itself: answered with 400 and `bad_data`. */
export class BadRequest extends Error {
  override name = 'BadRequest';
}

/** Parameters of a request, from the query string and, for POST, from the form. */
export class Params {
  readonly #params: URLSearchParams;

  constructor(request: FastifyRequest) {
    const query = request.raw.url?.split('?')[1] ?? '';
    this.#params = new URLSearchParams(query);
    if (typeof request.body === 'string')
      for (const [key, value] of new URLSearchParams(request.body)) this.#params.append(key, value);
  }

  get(name: string): string | undefined {
    return this.#params.get(name) || undefined;
  }

  all(name: string): string[] {
    return this.#params.getAll(name);
  }

  require(name: string): string {
    return this.get(name) ?? '';
  }

  /** ms. @throws BadRequest */
  time(name: string, fallback: number): number {
    const text = this.get(name);
    return text === undefined ? fallback : parseTime(text, name);
  }

  /** ms. @throws BadRequest */
  duration(name: string): number | undefined {
    const text = this.get(name);
    if (text === undefined) return undefined;
    const seconds = Number(text);
    if (Number.isFinite(seconds)) return Math.round(seconds * 1000);
    try {
      return parseDuration(text);
    } catch {
      throw new BadRequest(
        `invalid parameter ${JSON.stringify(name)}: cannot parse ${JSON.stringify(text)} to a valid duration`,
      );
    }
  }

  /** @throws BadRequest */
  limit(): number | undefined {
    const text = this.get('limit');
    if (text === undefined) return undefined;
    const limit = Number(text);
    if (!Number.isInteger(limit) || limit < 0) {
      throw new BadRequest('invalid parameter "limit": limit must be non-negative');
    }
    return limit === 0 ? undefined : limit;
  }

  /** The `match[]` parameters, each a list of matchers. @throws BadRequest */
  matchers(): readonly (readonly Matcher[])[] {
    return this.all('match[]').map((text) => {
      try {
        return parseSelector(text);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
        throw new BadRequest(`invalid parameter "match[]": ${error.message}`);
      }
    });
  }
}

/** Unix seconds with a fraction, or RFC 3339; gives ms. @throws BadRequest */
export function parseTime(text: string, name: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isFinite(seconds)) return Math.round(seconds * 1000);
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(time)) {
    throw new BadRequest(
      `invalid parameter ${JSON.stringify(name)}: cannot parse ${JSON.stringify(text)} to a valid timestamp`,
    );
  }
  return time;
}

/** Lets a scope take forms, as Prometheus's API does for long queries. */
export function acceptForms(app: FastifyInstance): void {
  const options = { parseAs: 'string', bodyLimit: 2 << 20 } as const;
  app.addContentTypeParser('application/x-www-form-urlencoded', options, (_request, body, done) =>
    done(null, body),
  );
}
