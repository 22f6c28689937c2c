// Runs the built Alertmanager in a process of its own, to be killed: node alertmanager-process.js DIRECTORY CONFIG PORT
import { readFile } from 'node:fs/promises';
import { Alertmanager, loadConfig } from '@prunella/alertmanager';
import { alertmanagerRoutes } from '../../packages/server/dist/alertmanager/routes.js';
import fastify from 'fastify';

const [directory, file, port] = process.argv.slice(2);
const alertmanager = await Alertmanager.open({ directory, externalUrl: `http://127.0.0.1:${port}` });
await alertmanager.apply(loadConfig(await readFile(file, 'utf8'), file));
alertmanager.start();
const app = fastify();
alertmanagerRoutes(app, { alertmanager });
await app.listen({ host: '127.0.0.1', port: Number(port) });
