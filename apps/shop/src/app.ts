import { instrumentFastify } from '@prunella/instrument';
import fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import pg from 'pg';
import { Registry } from 'prom-client';
import { Database, DatabaseUnavailable } from './database-client.ts';
import { Faults, InjectedError } from './faults.ts';
import { InputError } from './input.ts';
import { Load } from './load.ts';
import { Products } from './products.ts';
import { faultRoutes } from './routes/faults.ts';
import { loadRoutes } from './routes/load.ts';
import { pageRoutes } from './routes/pages.ts';
import { productRoutes } from './routes/products.ts';
import { saleRoutes } from './routes/sales.ts';
import { userRoutes } from './routes/users.ts';
import type { Settings } from './settings.ts';
import { Transactions } from './transactions.ts';
import { UserImports } from './users/import.ts';
import { mongoUsers, PostgresUsers } from './users/store.ts';

const UNIQUE_VIOLATION = '23505';
const SLOW_MS = 200;
const LINES_PER_SECOND = 5;

/** The shop's API without its sockets. Closing it closes what it uses. */
export async function buildApp(
  settings: Settings,
  options: { readonly log: (message: string) => void; readonly crash: () => void },
): Promise<{ readonly app: FastifyInstance; readonly database: Database }> {
  const registry = new Registry();
  const app = fastify({ bodyLimit: 1_048_576, forceCloseConnections: true });
  instrumentFastify(app, { registry, env: settings.env });
  const database = new Database({ url: settings.databaseUrl, registry, log: options.log });
  const users =
    settings.mongodbUrl === undefined ? new PostgresUsers(database) : await mongoUsers(settings.mongodbUrl);
  const imports = new UserImports({ store: users, registry, secretKey: settings.secretKey });
  const load = new Load(database);

  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const { status, body } = answerTo(error);
    if (status === 500 && !(error instanceof InjectedError)) options.log(error.stack ?? error.message);
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Nothing here' }));

  logTrouble(app, options.log);
  if (settings.demo) injectFaults(app, registry, options.crash);
  pageRoutes(app);
  healthRoute(app, database);
  productRoutes(app, new Products(database));
  saleRoutes(app, new Transactions(database));
  await userRoutes(app, { users, imports, registry });
  if (!settings.production || settings.demo) loadRoutes(app, load);

  app.addHook('onClose', async () => {
    imports.close();
    load.close();
    await Promise.all([users.close(), database.close()]);
  });
  return { app, database };
}

/** What is slow or fails leaves a line, a few in a second at most: evidence, not an access log. */
function logTrouble(app: FastifyInstance, log: (message: string) => void): void {
  let second = 0;
  let lines = 0;
  app.addHook('onResponse', async ({ method, routeOptions }, { elapsedTime, statusCode }) => {
    if (elapsedTime < SLOW_MS && statusCode < 500) return;
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, lines] = [now, 0];
    if (lines++ < LINES_PER_SECOND) {
      log(`${method} ${routeOptions.url ?? 'no route'} ${statusCode} took ${Math.round(elapsedTime)} ms`);
    }
  });
}

function healthRoute(app: FastifyInstance, database: Database): void {
  app.get('/health', async (_request, reply) => {
    const up = await database.isUp();
    return reply.code(up ? 200 : 503).send({
      status: up ? 'ok' : 'unavailable',
      database: up ? 'up' : 'down',
      uptime: Math.round(process.uptime()),
    });
  });
}

function injectFaults(app: FastifyInstance, registry: Registry, crash: () => void): void {
  const faults = new Faults({ registry, crash });
  app.addHook('preHandler', async ({ routeOptions: { url } }) => {
    if (url === '/metrics' || url?.startsWith('/fault')) return;
    await faults.delay();
    if (url !== '/health') faults.fail(); // it tells of the database, and whoever supervises us believes it
  });
  app.addHook('onClose', async () => faults.clear());
  faultRoutes(app, faults);
}

function answerTo(error: FastifyError): { status: number; body: object } {
  if (error instanceof InputError)
    return { status: 422, body: { error: error.message, problems: error.problems } };
  if (error instanceof DatabaseUnavailable)
    return { status: 503, body: { error: 'The database is not reachable' } };
  if (error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION) {
    return { status: 409, body: { error: 'There is a product with this id already' } };
  }
  const status = error.statusCode ?? 500;
  return { status, body: { error: status >= 500 ? 'Internal error' : error.message } };
}
