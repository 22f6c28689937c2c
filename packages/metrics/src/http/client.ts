/** An HTTP client as the ecosystem's `http_config` describes it: scraping, remote write and receivers share it. */

export interface HttpRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** For the whole exchange, ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** A longer (decompressed) body is an error. */
  readonly maxBytes?: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpClient {
  /** @throws HttpError when no whole answer came; any status is an answer */
  request(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

export type HttpErrorCode =
  | 'timeout'
  | 'aborted'
  | 'connect'
  | 'body_too_large'
  | 'protocol'
  | 'redirect'
  | 'credentials';

export class HttpError extends Error {
  override name = 'HttpError';
  readonly code: HttpErrorCode;
  constructor(code: HttpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
