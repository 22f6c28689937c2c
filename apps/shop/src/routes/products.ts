import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { check, InputError } from '../input.ts';
import { productSchema, productsSchema, type Products } from '../products.ts';

const idSchema = v.pipe(
  v.string(),
  v.regex(/^[1-9]\d{0,15}$/, 'expected a whole number'),
  v.transform(Number),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);
type Params = { Params: { product_id: string } };

export function productRoutes(app: FastifyInstance, products: Products): void {
  const idOf = (params: { product_id: string }): number => check(idSchema, params.product_id);
  const unknown = { error: 'No such product' };

  app.get('/products', () => products.list());

  app.post('/products', async (request, reply) => {
    const given = check(productsSchema, request.body);
    const ids = given.flatMap(({ id }) => id ?? []);
    if (new Set(ids).size < ids.length) throw new InputError([{ path: 'id', message: 'the same id twice' }]);
    const added = await products.add(given);
    return reply.code(201).send(Array.isArray(request.body) ? added : added[0]);
  });

  app.get<Params>('/products/:product_id', async ({ params }, reply) => {
    return (await products.get(idOf(params))) ?? reply.code(404).send(unknown);
  });

  app.put<Params>('/products/:product_id', async ({ params, body }, reply) => {
    const id = idOf(params);
    const given = check(productSchema, body);
    if (given.id !== undefined && given.id !== id) {
      throw new InputError([{ path: 'id', message: `is ${given.id}, but the address says ${id}` }]);
    }
    return (await products.replace(id, given)) ?? reply.code(404).send(unknown);
  });

  app.delete<Params>('/products/:product_id', async ({ params }, reply) => {
    const removed = await products.remove(idOf(params));
    return removed ? reply.code(204).send() : reply.code(404).send(unknown);
  });
}
