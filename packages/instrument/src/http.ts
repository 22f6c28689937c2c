import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { templateMatcher } from './endpoint.ts';
import { Instrumentation, type InstrumentOptions } from './instrumentation.ts';

export interface HttpOptions extends InstrumentOptions {
  /** The routes that the handler knows, e.g. `/products/{product_id}`: what `endpoint` may be. */
  readonly routes?: readonly string[];
  /** To share one set of metrics between servers, or to register own metrics. */
  readonly instrumentation?: Instrumentation;
}

/** `createServer(instrumentHttp(handler, { routes: ['/health'] }))` */
export function instrumentHttp(handler: RequestListener, options: HttpOptions = {}): RequestListener {
  const metrics = options.instrumentation ?? new Instrumentation(options);
  const match = templateMatcher([...(options.routes ?? []), metrics.metricsPath]);
  return (req, res) => {
    const template = match(req.url ?? '/');
    metrics.watch(req, res, () => template);
    if (template === metrics.metricsPath && isRead(req)) return answerMetrics(metrics, req, res);
    handler(req, res);
  };
}

export function isRead(req: IncomingMessage): boolean {
  return req.method === 'GET' || req.method === 'HEAD';
}

export function answerMetrics(metrics: Instrumentation, req: IncomingMessage, res: ServerResponse): void {
  metrics.expose(req.headers.accept).then(
    ({ contentType, body }) => res.writeHead(200, { 'content-type': contentType }).end(body),
    (error: unknown) => res.writeHead(500, { 'content-type': 'text/plain' }).end(String(error)),
  );
}
