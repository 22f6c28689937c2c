import type { FastifyReply } from 'fastify';

/**
 * What the API of Alertmanager answers to a bad request. Its generated part answers `{code, message}`: 422 where a field
 * is missing or of the wrong form (code 601 form, 602 missing, 612 too few), 400 where the body cannot be read. Its own
 * handlers answer a bare JSON string.
 */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  readonly body: unknown;

  private constructor(status: number, message: string, body: unknown) {
    super(message);
    this.status = status;
    this.body = body;
  }

  static invalid(code: 601 | 602 | 612, message: string): ApiError {
    return new ApiError(422, message, { code, message });
  }

  static generated(status: number, message: string): ApiError {
    return new ApiError(status, message, { code: status, message });
  }

  static plain(status: number, message: string): ApiError {
    return new ApiError(status, message, message);
  }

  /** Some answers have no body at all. */
  static empty(status: number): ApiError {
    return new ApiError(status, '', undefined);
  }
}

export async function answerError(reply: FastifyReply, error: ApiError): Promise<void> {
  void reply.code(error.status);
  if (error.body === undefined) return reply.send();
  return reply.header('content-type', 'application/json').send(JSON.stringify(error.body));
}
