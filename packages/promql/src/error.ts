/** Prometheus's error types, as its API names them. */
export type QueryErrorType = 'bad_data' | 'execution' | 'timeout' | 'canceled' | 'internal';

/** A query that could not be answered; the message is Prometheus's. */
export class QueryError extends Error {
  override name = 'QueryError';
  readonly type: QueryErrorType;
  constructor(type: QueryErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
  }
}
