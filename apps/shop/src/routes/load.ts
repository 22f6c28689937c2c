import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { check, queryNumber } from '../input.ts';
import { type Load, TooMuchLoad } from '../load.ts';

const seconds = queryNumber(1, 120, 20);
const cpuSchema = v.object({ seconds, threads: queryNumber(1, 64, 1) });
const memorySchema = v.object({ seconds, mb: queryNumber(1, 512, 128) });
const databaseSchema = v.object({ seconds, lanes: queryNumber(1, 8, 2) });

/** Load that starts now and ends by itself; the answer does not wait for its end. GET as well, for a browser. */
export function loadRoutes(app: FastifyInstance, load: Load): void {
  const route = (url: string, start: (query: unknown) => object): void => {
    app.route({
      method: ['GET', 'POST'],
      url,
      handler: async ({ query }, reply) => {
        try {
          return await reply.code(202).send({ started: start(query) });
        } catch (error) {
          if (error instanceof TooMuchLoad) return reply.code(429).send({ error: error.message });
          throw error;
        }
      },
    });
  };
  route('/load/cpu', (query) => {
    const asked = check(cpuSchema, query);
    load.cpu(asked.threads, asked.seconds);
    return asked;
  });
  route('/load/memory', (query) => {
    const asked = check(memorySchema, query);
    load.memory(asked.mb, asked.seconds);
    return asked;
  });
  route('/load/db', (query) => {
    const asked = check(databaseSchema, query);
    load.database(asked.lanes, asked.seconds);
    return asked;
  });
}
