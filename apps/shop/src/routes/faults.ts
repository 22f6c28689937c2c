import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Faults } from '../faults.ts';
import { check, queryNumber } from '../input.ts';

const MAX_SECONDS = 3600;
const seconds = queryNumber(1, MAX_SECONDS, 300);
const latencySchema = v.object({ ms: queryNumber(1, 30_000, 600), seconds });
const errorsSchema = v.object({ rate: queryNumber(0, 1, 0.5), seconds });
const leakSchema = v.object({ mb: queryNumber(1, 1024, 200), seconds });
/** Time for the answer to get out. */
const crashSchema = v.object({ ms: queryNumber(0, 60_000, 100) });

/** Registered in demo mode only. Faults never hit these routes: there must be a way back. */
export function faultRoutes(app: FastifyInstance, faults: Faults): void {
  app.get('/fault', async () => ({ active: faults.list() }));
  app.delete('/fault', async () => {
    faults.clear();
    return { active: [] };
  });
  app.post('/fault/latency', async ({ query }) => {
    const { ms, seconds } = check(latencySchema, query);
    return faults.latency(ms, seconds);
  });
  app.post('/fault/errors', async ({ query }) => {
    const { rate, seconds } = check(errorsSchema, query);
    return faults.errors(rate, seconds);
  });
  app.post('/fault/leak', async ({ query }) => {
    const { mb, seconds } = check(leakSchema, query);
    return faults.leak(mb, seconds);
  });
  app.post('/fault/crash', async ({ query }, reply) => {
    return reply.code(202).send(faults.crash(check(crashSchema, query).ms));
  });
}
