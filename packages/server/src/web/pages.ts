import { existsSync, readFileSync } from 'node:fs';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Paths under which nothing but an API answers: a miss is a 404, not a page. */
const API_PREFIXES = [
  '/api/',
  '/-/',
  '/metrics',
  '/collectors/',
  '/hooks/',
  '/probe',
  '/federate',
  '/alert',
  '/assets/',
];

/** Serves the built pages; every path that is no API and no file is a page that the browser's router knows. */
export async function servePages(app: FastifyInstance, directory: string): Promise<void> {
  const indexFile = `${directory}/index.html`;
  const index = existsSync(indexFile) ? readFileSync(indexFile) : undefined;
  const sendIndex = (reply: FastifyReply): FastifyReply =>
    reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(index);
  if (index) {
    app.get('/', async (_request, reply) => sendIndex(reply));
    // File names under assets/ carry a hash of their content.
    await app.register(fastifyStatic, {
      root: directory,
      wildcard: true,
      index: false,
      maxAge: '1h',
      etag: true,
    });
  }
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0] ?? '/';
    const page = (request.method === 'GET' || request.method === 'HEAD') && !isApiPath(path);
    if (!page || !index) {
      const error = page ? 'the pages are not built: run npm run build' : `no ${request.method} ${path} here`;
      return reply.code(404).send({ status: 'error', errorType: 'not_found', error, code: 'not_found' });
    }
    return sendIndex(reply);
  });
}

function isApiPath(path: string): boolean {
  // `/alerts` is a page, `/alert` an endpoint: the latter must match whole.
  return API_PREFIXES.some((prefix) => (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix));
}
