import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { BatchWorker } from './batch.ts';
import type { NewTransaction, Transaction } from './transactions.ts';

function worker(add: (orders: readonly NewTransaction[]) => Promise<Transaction[]>): {
  batches: BatchWorker;
  registry: Registry;
  log: string[];
} {
  const registry = new Registry();
  const log: string[] = [];
  const batches = new BatchWorker({
    transactions: { add, forget: async () => 0 },
    registry,
    log: (line) => log.push(line),
    intervalMs: 1,
    batchSize: 20,
    keepSeconds: 60,
  });
  return { batches, registry, log };
}

test('a batch has the size asked for, of orders that a database takes', async () => {
  const seen: NewTransaction[] = [];
  const { batches, registry } = worker(async (orders) => {
    seen.push(...orders);
    return orders.map((order, id) => ({ ...order, id, product_id: null, source: 'worker', created_at: '' }));
  });
  await batches.batch();
  expect(seen).toHaveLength(20);
  for (const { quantity, total } of seen) {
    expect(quantity).toBeGreaterThan(0);
    expect(total).toBeGreaterThan(0);
    expect(Number.isInteger(Math.round(total * 1e6) / 1e4)).toBe(true);
  }
  const text = await registry.metrics();
  expect(text).toContain('worker_orders_total 20');
  expect(text).toContain('worker_batches_total{result="booked"} 1');
  expect(text).toContain('worker_batches_total{result="failed"} 0');
});

test('a failed batch is counted, logged, and followed by the next', async () => {
  let calls = 0;
  const { batches, registry, log } = worker(async () => {
    if (++calls === 1) throw new Error('the database is gone');
    return [];
  });
  batches.start();
  await expect.poll(() => calls, { timeout: 5000 }).toBeGreaterThan(2);
  await batches.stop();
  const stopped = calls;
  expect(log).toEqual(['batch failed: the database is gone']);
  expect(await registry.metrics()).toContain('worker_batches_total{result="failed"} 1');
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(calls).toBe(stopped);
});
