import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@prunella/metrics';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRecords } from './store.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'prunella-store-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a file of superseded records is rewritten, and one of few is left alone', async () => {
  const lines = async (): Promise<number> =>
    (await readFile(join(directory, 'a'), 'utf8')).trimEnd().split('\n').length;
  const records = await openRecords<number>(directory, 'a', silentLogger);
  await Promise.all(Array.from({ length: 500 }, (_, i) => records.append(i)));
  await records.compact(() => [1, 2], 2);
  expect(await lines()).toBe(500);
  await Promise.all(Array.from({ length: 1000 }, (_, i) => records.append(i)));
  await records.compact(() => [1, 2], 2);
  expect(await lines()).toBe(2);
  await records.append(3);
  await records.close();
  const again = await openRecords<number>(directory, 'a', silentLogger);
  expect(again.loaded).toEqual([1, 2, 3]);
  await again.close();
});
