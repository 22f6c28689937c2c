import { createServer, type RequestListener, type Server } from 'node:http';
import { Instrumentation, instrumentHttp } from '@prunella/instrument';
import { BatchWorker } from './batch.ts';
import { Database } from './database-client.ts';
import { run } from './lifecycle.ts';
import { demandDatabase, readSettings } from './settings.ts';
import { Transactions } from './transactions.ts';

/** Books orders in batches, beside the API, and tells how it is doing on a port of its own. */
await run('worker', async (log) => {
  const settings = readSettings(process.env);
  demandDatabase(settings);
  const instrumentation = new Instrumentation({ env: settings.env, profiles: ['s5'] });
  const { registry } = instrumentation;
  const database = new Database({ url: settings.databaseUrl, registry, log, maxConnections: 2 });
  const worker = new BatchWorker({
    transactions: new Transactions(database),
    registry,
    log,
    ...settings.worker,
  });
  const routes = settings.demo ? ['/health', '/fault/crash'] : ['/health'];
  const server = await listen(
    instrumentHttp(handler(database, settings.demo), { instrumentation, routes }),
    settings.host,
    settings.workerPort,
  );
  log(`metrics on ${settings.host}:${settings.workerPort}`);
  void database.start().then(() => worker.start());
  return async () => {
    server.closeAllConnections();
    server.close();
    instrumentation.close();
    await worker.stop();
    await database.close();
  };
});

function handler(database: Database, demo: boolean): RequestListener {
  return (req, res) => {
    const answer = (status: number, body: object): void => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (req.url === '/health') {
      void database.isUp().then((up) => answer(up ? 200 : 503, { status: up ? 'ok' : 'unavailable' }));
    } else if (demo && req.url === '/fault/crash' && req.method === 'POST') {
      answer(202, { kind: 'crash' });
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100);
    } else {
      answer(404, { error: 'Nothing here' });
    }
  };
}

function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(listener);
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
