import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerMetrics, isRead } from './http.ts';
import { Instrumentation, type InstrumentOptions } from './instrumentation.ts';

/** What is needed of Express 4 or 5. */
interface ExpressRequest extends IncomingMessage {
  readonly path: string;
  readonly baseUrl: string;
}

export type ExpressMiddleware = (req: ExpressRequest, res: ServerResponse, next: () => void) => void;

export interface ExpressOptions extends InstrumentOptions {
  /** To register own metrics, or to stop the background work. */
  readonly instrumentation?: Instrumentation;
}

/** `app.use(instrumentExpress())`, before the routes. */
export function instrumentExpress(options: ExpressOptions = {}): ExpressMiddleware {
  const metrics = options.instrumentation ?? new Instrumentation(options);
  return (req, res, next) => {
    if (req.path === metrics.metricsPath && isRead(req)) {
      metrics.watch(req, res, () => metrics.metricsPath);
      answerMetrics(metrics, req, res);
    } else {
      metrics.watch(req, res, routeTemplate(req));
      next();
    }
  };
}

/**
 * Notes the route at the moment that the router sets `req.route`: when a handler throws, `req.baseUrl` is gone by
 * the time the answer is out. A mount point is only known as it stood in the URL, so routers belong at paths without
 * parameters.
 */
function routeTemplate(req: ExpressRequest): () => string | undefined {
  let template: string | undefined;
  let current: { readonly path: unknown } | undefined;
  Object.defineProperty(req, 'route', {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (route: typeof current) => {
      current = route;
      template = route && `${req.baseUrl}${String(route.path)}`;
    },
  });
  return () => template;
}
