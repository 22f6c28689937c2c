/** Helpers of this package's tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStaleAt, wordsOf, type Matcher, type Queryable, type SampleColumns } from '@prunella/metrics';
import { onTestFinished } from 'vitest';

/** A directory that goes when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'prunella-tsdb-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Samples as `[t, v]`, a stale marker as `[t, 'stale']`. */
export function samplesOf(columns: SampleColumns): [number, number | 'stale'][] {
  const words = wordsOf(columns.values);
  return Array.from(columns.timestamps, (t, i) => [t, isStaleAt(words, i) ? 'stale' : columns.values[i]!]);
}

/** All matching series, printed labels → samples, in the order selected. */
export async function queryAll(
  source: Queryable,
  matchers: readonly Matcher[],
  mint: number = -Infinity,
  maxt: number = Infinity,
): Promise<Record<string, [number, number | 'stale'][]>> {
  const querier = source.querier(mint, maxt);
  const result: Record<string, [number, number | 'stale'][]> = {};
  for await (const batch of querier.select(matchers)) {
    for (const { labels, samples } of batch) result[labels.toString()] = samplesOf(samples);
  }
  querier.close();
  return result;
}
