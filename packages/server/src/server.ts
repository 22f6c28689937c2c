import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { Logger } from '@prunella/metrics';
import type { Registry } from 'prom-client';
import { requireBasicAuth } from './web/auth.ts';
import type { WebConfig } from './web/config.ts';
import { setSecurityHeaders } from './web/headers.ts';
import { measureRequests } from './web/metrics.ts';
import { refuseForeignOrigins } from './web/origin.ts';
import { servePages } from './web/pages.ts';

export interface ServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly logger: Logger;
  readonly webConfig?: WebConfig;
  /** How people reach this server from outside, e.g. behind a proxy. */
  readonly externalUrl?: URL;
  /** Where requests are measured; absent = nowhere. */
  readonly registry?: Registry;
  /** The folder of the built pages; absent = no pages (the bot). */
  readonly pages?: string;
}

/** Adds some routes; each set gets a scope of its own, so that its body parsers are its own affair. */
export type Routes = (app: FastifyInstance) => void | Promise<void>;

/** The one port that everything answers on. */
export class Server {
  readonly #options: ServerOptions;
  readonly #app: FastifyInstance;
  #url = '';

  private constructor(options: ServerOptions, app: FastifyInstance) {
    this.#options = options;
    this.#app = app;
  }

  static async create(options: ServerOptions, routes: readonly Routes[]): Promise<Server> {
    const app = fastify(fastifyOptions(options)) as unknown as FastifyInstance;
    setSecurityHeaders(app);
    if (options.registry) measureRequests(app, options.registry);
    if (options.webConfig && options.webConfig.users.size > 0) requireBasicAuth(app, options.webConfig.users);
    refuseForeignOrigins(app, options.externalUrl?.host);
    answerErrors(app, options.logger);
    for (const add of routes) await app.register(async (scope) => add(scope));
    if (options.pages !== undefined) await servePages(app, options.pages);
    return new Server(options, app);
  }

  /** Where the server answers, e.g. `http://127.0.0.1:9090`, once it listens. */
  get url(): string {
    return this.#url;
  }

  /** @throws an Error with code EADDRINUSE, EACCES … */
  async listen(): Promise<void> {
    const { host, port, webConfig } = this.#options;
    await this.#app.listen({ host, port });
    const { port: bound } = this.#app.server.address() as AddressInfo;
    const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
    this.#url = `${webConfig?.tls ? 'https' : 'http'}://${shown}:${bound}`;
  }

  async close(): Promise<void> {
    // Live-update streams never end on their own.
    this.#app.server.closeAllConnections();
    await this.#app.close();
  }

  /** For tests: a request without a socket. */
  get inject(): FastifyInstance['inject'] {
    return this.#app.inject.bind(this.#app);
  }
}

function fastifyOptions(options: ServerOptions): FastifyServerOptions {
  const tls = options.webConfig?.tls;
  const common = {
    bodyLimit: 1 << 20,
    // A request that does not arrive whole within this time is cut (slow-loris).
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 2000, ignoreTrailingSlash: true },
    exposeHeadRoutes: true,
  };
  if (!tls) return common;
  const https = {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
    minVersion: tls.minVersion,
    requestCert: tls.clientCaFile !== undefined || tls.requireClientCert,
    rejectUnauthorized: tls.requireClientCert,
    ...(tls.clientCaFile === undefined ? {} : { ca: readFileSync(tls.clientCaFile) }),
  };
  return { ...common, https } as FastifyServerOptions;
}

/** What a handler throws becomes an answer in the API's form; only our own faults are logged, and never with a stack to the client. */
function answerErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler(async (error: Error & { statusCode?: number; code?: string }, request, reply) => {
    // The client went away in the middle of its answer: there is nobody left to tell.
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    const status = error.statusCode ?? 500;
    if (status >= 500) {
      logger.error(
        { method: request.method, path: request.url.split('?')[0], error: error.stack ?? error.message },
        'request failed',
      );
    }
    const message = status >= 500 ? 'internal error; the log says more' : error.message;
    return reply.code(status).send({
      status: 'error',
      errorType: status >= 500 ? 'internal' : 'bad_data',
      error: message,
      code: error.code ?? 'error',
    });
  });
}
