import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { pickVisit, startTraffic } from './visitors.ts';

test('the first and the last visit can be picked, and most of them are looking', () => {
  expect(pickVisit(() => 0).path).toBe('/products');
  expect(pickVisit(() => 0.999999).path).toBe('/upload');
  const picked = Array.from({ length: 1000 }, (_, i) => pickVisit(() => i / 1000));
  expect(picked.filter(({ path }) => path === '/data').length).toBeGreaterThan(150);
  expect(picked.filter(({ path }) => path === '/no-such-page').length).toBeLessThan(30);
});

test('visitors keep coming, at their rate, until they are told to stop', async () => {
  const seen: string[] = [];
  const server = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`);
    res.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let seed = 0;
  const random = (): number => (seed = (seed * 16_807 + 7) % 2_147_483_647) / 2_147_483_647;
  const traffic = startTraffic({ url, rate: 200, random });
  await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(50);
  traffic.stop();
  const { sent } = traffic.counts();
  await expect.poll(() => seen.length).toBe(sent);
  expect(new Set(seen).size).toBeGreaterThan(4);
  server.closeAllConnections();
  server.close();
});

test('a shop that is away is no error', async () => {
  const traffic = startTraffic({ url: 'http://127.0.0.1:1', rate: 100, random: () => 0 });
  await expect.poll(() => traffic.counts().unanswered, { timeout: 10_000 }).toBeGreaterThan(2);
  traffic.stop();
});
