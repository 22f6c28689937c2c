import { ALERTMANAGER_VERSION, matchAll, type Alertmanager } from '@prunella/alertmanager';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { getAlertGroups, getAlerts, postAlerts, receiverLabels } from './alerts.ts';
import { answerError, ApiError } from './errors.ts';
import { matchersParam, type Query } from './query.ts';
import { deleteSilence, getSilence, getSilences, postSilence } from './silences.ts';

/** Prometheus sends up to 64 alerts at once, amtool imports thousands of silences. */
const BODY_LIMIT = 64 << 20;

/** The paths below `/api/v2`, for the answers 404 and 405. */
const METHODS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^\/(?:status|receivers|alerts\/groups)$/, ['GET']],
  [/^\/(?:alerts|silences)$/, ['GET', 'POST']],
  [/^\/silence\/[^/]+$/, ['DELETE', 'GET']],
];

/** Alertmanager's API: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export function v2Routes(app: FastifyInstance, alertmanager: Alertmanager): void {
  readBodiesRaw(app);
  app.addHook('onSend', async (_, reply) => void reply.header('cache-control', 'no-store'));
  const query = (request: FastifyRequest): Query => request.query as Query;
  const id = (request: FastifyRequest): string => (request.params as { id: string }).id;

  app.get('/status', () => status(alertmanager));
  app.get('/receivers', (request) => receivers(alertmanager, query(request)));
  app.get('/alerts', async (request, reply) =>
    sendJson(reply, await getAlerts(alertmanager, query(request))),
  );
  app.get('/alerts/groups', (request, reply) =>
    sendJson(reply, getAlertGroups(alertmanager, query(request))),
  );
  app.post('/alerts', async (request, reply) => {
    await postAlerts(alertmanager, request.body);
    return reply.send();
  });
  app.get('/silences', (request) => getSilences(alertmanager, query(request)));
  app.post('/silences', (request) => postSilence(alertmanager, request.body));
  app.get('/silence/:id', (request) => getSilence(alertmanager, id(request)));
  app.delete('/silence/:id', async (request, reply) => {
    await deleteSilence(alertmanager, id(request));
    return reply.send();
  });
  app.setNotFoundHandler((request, reply) => answerError(reply, notFound(request)));
  app.setErrorHandler((error, _, reply) => handleError(error, reply));
}

function sendJson(reply: FastifyReply, body: Readable): FastifyReply {
  return reply.type('application/json').send(body);
}

/** The handlers parse bodies themselves, because their errors have a form of their own. */
function readBodiesRaw(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: BODY_LIMIT },
    (_: FastifyRequest, body: string, done: (error: Error | null, body: string) => void) => done(null, body),
  );
  app.addContentTypeParser('*', (request: FastifyRequest, _: unknown, done: (error: Error) => void) => {
    const type = request.headers['content-type']?.split(';')[0] ?? '';
    done(
      ApiError.generated(
        415,
        `unsupported media type ${JSON.stringify(type)}, only [application/json] are allowed`,
      ),
    );
  });
}

function handleError(error: unknown, reply: FastifyReply): Promise<void> {
  if (error instanceof ApiError) return answerError(reply, error);
  const { statusCode = 500, message } = error as Error & { statusCode?: number };
  if (statusCode >= 500) throw error;
  return answerError(reply, ApiError.generated(statusCode, message));
}

function notFound(request: FastifyRequest): ApiError {
  const path = (request.url.split('?')[0] ?? '').replace(/\/+$/, '');
  const below = path.slice(path.indexOf('/api/v2') + '/api/v2'.length);
  const methods = METHODS.find(([pattern]) => pattern.test(below))?.[1];
  if (!methods) return ApiError.generated(404, `path ${path} was not found`);
  return ApiError.generated(405, `method ${request.method} is not allowed, but [${methods.join(',')}] are`);
}

function status(alertmanager: Alertmanager): object {
  return {
    cluster: { peers: [], status: 'disabled' },
    config: { original: alertmanager.configuration?.original ?? '' },
    uptime: new Date(alertmanager.startedAt).toISOString(),
    versionInfo: {
      branch: '',
      buildDate: '',
      buildUser: '',
      goVersion: `node ${process.version}`,
      revision: '',
      version: ALERTMANAGER_VERSION,
    },
  };
}

function receivers(alertmanager: Alertmanager, query: Query): object[] {
  const matchers = matchersParam(query, 'receiver_matchers');
  return [...alertmanager.receivers.keys()]
    .map((name) => ({ labels: receiverLabels(alertmanager, name), name }))
    .filter(({ labels }) => matchAll(matchers, labels));
}
