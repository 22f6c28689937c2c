import { isObject, obj, str } from '../json.ts';

/** A request that did not succeed, with the server's own sentence. `status` is 0 when nothing answered. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a form, as Prometheus takes long queries. */
  form?: URLSearchParams;
  signal?: AbortSignal | undefined;
}

function init(options: RequestOptions): RequestInit {
  const out: RequestInit = {
    method: options.method ?? (options.body === undefined && !options.form ? 'GET' : 'POST'),
  };
  if (options.signal) out.signal = options.signal;
  if (options.form) out.body = options.form;
  else if (options.body !== undefined) {
    out.body = JSON.stringify(options.body);
    out.headers = { 'content-type': 'application/json' };
  }
  return out;
}

function sentence(text: string, status: number): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'string') return parsed; // Alertmanager's errors are bare JSON strings
    const message = str(obj(parsed)['error']) || str(obj(parsed)['message']);
    if (message !== '') return message;
  } catch {
    if (text.length > 0 && text.length < 300 && !text.includes('<')) return text;
  }
  return `the server answered ${status}`;
}

/** Fetches JSON. Throws ApiError, or the AbortError of the signal. An empty answer gives undefined. */
export async function request(path: string, options: RequestOptions = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, init(options));
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError('Prunella does not answer', 0);
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(sentence(text, response.status), response.status);
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError('the answer is not JSON', response.status);
  }
}

export interface PrometheusAnswer {
  data: unknown;
  warnings: string[];
}

/** Unwraps the envelope of Prometheus's API: `{status, data, errorType, error, warnings, infos}`. */
export async function prometheus(path: string, options: RequestOptions = {}): Promise<PrometheusAnswer> {
  const answer = await request(path, options);
  if (!isObject(answer) || answer['status'] !== 'success') throw new ApiError('unexpected answer', 200);
  const texts = [answer['warnings'], answer['infos']].flatMap((list) =>
    Array.isArray(list) ? list.map((text) => str(text)) : [],
  );
  return { data: answer['data'], warnings: texts };
}
