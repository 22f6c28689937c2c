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
  /** A secret that must not appear in an error, such as a token in the URL. */
  readonly hide?: readonly (string | undefined)[];
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
  const { timeoutMs = 30_000, retryStatuses = [], hide = [] } = options;
  let response: HttpResponse;
  try {
    response = await client.request({ method: 'POST', ...request, timeoutMs, maxBytes: 1 << 20 });
  } catch (error) {
    throw new DeliveryError(redact((error as Error).message, [...hide, request.url]), { retry: true });
  }
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  const body = redact(bodyText(response).slice(0, SHOWN_BYTES), hide);
  throw new DeliveryError(`unexpected status code ${status}${body === '' ? '' : `: ${body}`}`, {
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
    body: `${JSON.stringify(body)}\n`,
  };
  return send(client, request, options);
}

export function bodyText(response: HttpResponse): string {
  return new TextDecoder().decode(response.body).trim();
}

/** What the remote side said, in a few words. */
export function answerText(response: HttpResponse): string {
  const body = bodyText(response).slice(0, SHOWN_BYTES);
  return `${response.status}${body === '' ? '' : ` ${body}`}`;
}

function redact(text: string, secrets: readonly (string | undefined)[]): string {
  return secrets.reduce<string>(
    (rest, hidden) => (hidden ? rest.replaceAll(hidden, '<secret>') : rest),
    text,
  );
}
