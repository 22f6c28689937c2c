import type { IncomingMessage, ServerResponse } from 'node:http';
import { Instrumentation, type InstrumentOptions } from './instrumentation.ts';

interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly headers: IncomingMessage['headers'];
  readonly routeOptions: { readonly url?: string | undefined };
}

interface FastifyReply {
  readonly raw: ServerResponse;
  header(name: string, value: string): unknown;
}

/** What is needed of Fastify 4 or 5. */
interface FastifyApp {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void,
  ): unknown;
  addHook(name: 'onClose', hook: (app: unknown, done: () => void) => void): unknown;
  get(path: string, handler: (request: FastifyRequest, reply: FastifyReply) => Promise<string>): unknown;
}

/** `instrumentFastify(app)`: every route of `app`, present and future, and `GET /metrics`. */
export function instrumentFastify(app: FastifyApp, options: InstrumentOptions = {}): Instrumentation {
  const metrics = new Instrumentation(options);
  app.addHook('onRequest', (request, reply, done) => {
    metrics.watch(request.raw, reply.raw, () => request.routeOptions.url);
    done();
  });
  app.addHook('onClose', (_app, done) => {
    metrics.close();
    done();
  });
  app.get(metrics.metricsPath, async (request, reply) => {
    const { contentType, body } = await metrics.expose(request.headers.accept);
    reply.header('content-type', contentType);
    return body;
  });
  return metrics;
}
