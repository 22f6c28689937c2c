import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
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
  if (existsSync(directory)) {
    app.get('/', async (_request, reply) => sendIndex(reply, directory));
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
    return page ? sendIndex(reply, directory) : refuse(reply, `no ${request.method} ${path} here`);
  });
}

/** Read each time: a build while the server runs gives the assets new names. */
async function sendIndex(reply: FastifyReply, directory: string): Promise<FastifyReply> {
  const index = await readFile(`${directory}/index.html`).catch(() => undefined);
  if (!index) return refuse(reply, 'the pages are not built: run npm run build');
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(index);
}

function refuse(reply: FastifyReply, error: string): FastifyReply {
  return reply.code(404).send({ status: 'error', errorType: 'not_found', error, code: 'not_found' });
}

function isApiPath(path: string): boolean {
  // `/alerts` is a page, `/alert` an endpoint: the latter must match whole.
  return API_PREFIXES.some((prefix) => (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix));
}
