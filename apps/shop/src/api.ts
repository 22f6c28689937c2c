import { createServer, type RequestListener, type Server } from 'node:http';
import { buildApp } from './app.ts';
import { run } from './lifecycle.ts';
import { demandDatabase, readSettings } from './settings.ts';

/** The shop's API: the same service on two ports. */
await run('api', async (log) => {
  const settings = readSettings(process.env);
  demandDatabase(settings);
  const { app, database } = await buildApp(settings, {
    log,
    crash: () => process.kill(process.pid, 'SIGKILL'),
  });
  await app.listen({ host: settings.host, port: settings.port });
  const second =
    settings.secondPort === 0
      ? undefined
      : await listen((req, res) => app.routing(req, res), settings.host, settings.secondPort);
  log(`listening on ${settings.host}:${settings.port}${second ? ` and :${settings.secondPort}` : ''}`);
  void database.start();
  return async () => {
    second?.close();
    second?.closeAllConnections();
    await app.close();
  };
});

function listen(handler: RequestListener, host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(handler);
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}
