/** Prometheus's HTTP API, asked by commands. */
const TIMEOUT_MS = 120_000;

/** The server is not there, or refuses: its words. */
export class ApiError extends Error {
  override name = 'ApiError';
}

export interface Answer<T> {
  readonly data: T;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** @param url of the server, with its path prefix @throws ApiError */
export async function askApi<T>(
  url: string,
  path: string,
  params: readonly (readonly [string, string])[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<T>> {
  const body = new URLSearchParams(params.map(([name, value]): [string, string] => [name, value]));
  const get = path.startsWith('label/');
  const target = `${url.replace(/\/+$/, '')}/api/v1/${path}${get ? `?${body.toString()}` : ''}`;
  let text: string;
  try {
    const request = get ? { headers } : { method: 'POST', body, headers };
    const response = await fetch(target, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
    text = await response.text();
  } catch (error) {
    throw new ApiError(`${url}: ${reasonOf(error)}`, { cause: error });
  }
  let answer: Answer<T> & { status?: string; error?: string };
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw new ApiError(`${url} does not speak Prometheus's API: ${text.slice(0, 100)}`);
  }
  if (answer.status !== 'success') throw new ApiError(answer.error ?? 'the server gives no reason');
  return answer;
}

/** fetch() hides what happened in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
