/** What receivers over HTTP share: which answers are worth another try. */
import type { HttpClient, HttpRequest, HttpResponse } from '@prunella/metrics/http';
import { DeliveryError } from './receiver.ts';

/** What of an answer's body goes into an error message. */
const SHOWN_BYTES = 500;

export interface PostOptions {
  /** For the whole exchange, ms. @default 30000 */
  readonly timeoutMs?: number;
  /** Statuses that pass, beside 5xx. */
  readonly retryStatuses?: readonly number[] | 'all';
}

/**
 * Sends a request. @returns the answer, whose status is 2xx
 * @throws DeliveryError; network errors, 5xx and `retryStatuses` are worth another try
 */
export async function send(
  client: HttpClient,
  request: Omit<HttpRequest, 'timeoutMs'>,
  options: PostOptions = {},
): Promise<HttpResponse> {
  const { timeoutMs = 30_000, retryStatuses = [] } = options;
  let response: HttpResponse;
  try {
    response = await client.request({ method: 'POST', ...request, timeoutMs, maxBytes: 1 << 20 });
  } catch (error) {
    throw new DeliveryError((error as Error).message, { retry: true });
  }
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  const body = bodyText(response).slice(0, SHOWN_BYTES);
  throw new DeliveryError(`unexpected status code ${status}${body === '' ? '' : `: ${body}`}`, {
    status,
    retry: status >= 500 || retryStatuses === 'all' || retryStatuses.includes(status),
  });
}

/** The same for a JSON body. */
export function sendJson(
  client: HttpClient,
  url: string,
  body: unknown,
  options: PostOptions & {
    readonly signal: AbortSignal;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<HttpResponse> {
  const { signal, headers } = options;
  const request = {
    url,
    signal,
    headers: { 'content-type': 'application/json', ...headers },
    body: `${toJson(body)}\n`,
  };
  return send(client, request, options);
}

/**
 * JSON that any parser reads: half a surrogate pair, which JavaScript would write as an escape that strict parsers
 * refuse, becomes U+FFFD, as in UTF-8.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) =>
    found === '\\\\' ? found : '\ufffd',
  );
}

export function bodyText(response: HttpResponse): string {
  return new TextDecoder().decode(response.body).trim();
}

/** What the remote side said, in a few words. */
export function answerText(response: HttpResponse): string {
  const body = bodyText(response).slice(0, SHOWN_BYTES);
  return `${response.status}${body === '' ? '' : ` ${body}`}`;
}
