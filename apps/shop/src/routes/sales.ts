import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { check, queryNumber } from '../input.ts';
import { transactionSchema, type Transactions } from '../transactions.ts';

const listSchema = v.object({ limit: queryNumber(1, 1000, 100) });

export function saleRoutes(app: FastifyInstance, transactions: Transactions): void {
  app.get('/transactions', ({ query }) => transactions.list(check(listSchema, query).limit));

  app.post('/transactions', async ({ body }, reply) => {
    const [added] = await transactions.add([check(transactionSchema, body)], 'api');
    return reply.code(201).send(added);
  });

  app.get('/data', () => transactions.summary());
}
