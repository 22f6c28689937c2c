import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses requests that change something when another site's page sent them. A browser names the page's origin in
 * `Origin` and `Sec-Fetch-Site`; programs send neither and pass. The `Host` check is against DNS rebinding, where
 * the foreign page has made its own name point to this address, so that origin and host agree.
 */
export function refuseForeignOrigins(app: FastifyInstance, externalHost: string | undefined): void {
  app.addHook('onRequest', async (request, reply) => {
    if (SAFE_METHODS.has(request.method)) return;
    const reason = foreign(request, externalHost);
    if (reason !== undefined) {
      await reply
        .code(403)
        .send({ status: 'error', errorType: 'forbidden', error: reason, code: 'foreign_origin' });
    }
  });
}

function foreign(request: FastifyRequest, externalHost: string | undefined): string | undefined {
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') return 'refused: sent by a page of another site';
  const { origin, host } = request.headers;
  if (origin === undefined) return undefined;
  const originHost = hostOf(origin);
  if (originHost === undefined || (originHost !== host && originHost !== externalHost)) {
    return `refused: Origin ${JSON.stringify(origin)} is not this server`;
  }
  const name = hostnameOf(originHost);
  if (name === 'localhost' || isIP(name) !== 0 || originHost === externalHost) return undefined;
  return `refused: unknown host name ${JSON.stringify(name)}; give it as --web.external-url`;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function hostnameOf(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
