/** info() beside the real one, on the same samples. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Labels } from '@prunella/metrics';
import { Engine, FEATURES, MemoryStorage, QueryError } from '@prunella/promql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, Prometheus, prometheusVersion } from './prometheus.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;
const known = Number(/^\d+/.exec(prometheusVersion ?? '0')?.[0]) >= 3;

const a = { job: 'x', instance: 'a' };
const b = { job: 'x', instance: 'b' };
const SERIES: readonly (readonly [labels: Record<string, string>, from: number, to: number])[] = [
  [{ __name__: 'up', ...a }, 0, 20],
  [{ __name__: 'up', ...b }, 0, 20],
  [{ __name__: 'mine', ...a, version: 'own' }, 0, 20],
  [{ __name__: 'bare' }, 0, 20],
  [{ __name__: 'target_info', ...a, version: '1', zone: 'w' }, 0, 9],
  [{ __name__: 'target_info', ...a, version: '2', zone: 'w' }, 10, 20],
  [{ __name__: 'build_info', ...a, revision: 'r' }, 0, 20],
  [{ __name__: 'other_info', ...a, revision: 's' }, 0, 20],
  [{ __name__: 'twin_info', ...b, half: '1' }, 0, 20],
  [{ __name__: 'twin_info', ...b, half: '2' }, 0, 20],
];

const QUERIES: readonly string[] = [
  'info(up)',
  'info(up, {version=~".+"})',
  'info(up, {version=~".*"})',
  'info(up, {version="1"})',
  'info(up, {version!="1"})',
  'info(up, {zone="w", version="2"})',
  'info(up, {nothing=~".+"})',
  'info(up, {__name__="build_info"})',
  'info(up, {__name__="build_info", revision=~".+"})',
  'info(up, {__name__=~"(build|other)_info"})',
  'info(up, {__name__=~"(build|target)_info"})',
  'info(up, {__name__="twin_info"})',
  'info(mine)',
  'info(mine, {version=~".+"})',
  'info(bare)',
  'info(bare, {version=~".+"})',
  'info(target_info)',
  'info(build_info)',
  'info(rate(up[5m]))',
  'sum by (version) (info(up))',
  'info(up) * on (job, instance) group_left () up',
  'info(nothing)',
  'info(count_over_time(up[3m:1m]))',
];

describe.skipIf(!known)(
  `info() beside Prometheus ${prometheusVersion ?? ''} (skipped without Prometheus 3)`,
  () => {
    const engine = new Engine({
      features: new Set([...FEATURES].filter((name) => !/delayed|start/.test(name))),
    });
    const memory = new MemoryStorage();
    let dir: string;
    let peer: Prometheus;
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'prunella-promql-info-'));
      const config = join(dir, 'prometheus.yml');
      writeFileSync(config, 'storage: {tsdb: {out_of_order_time_window: 10y}}\n');
      const flags = ['--web.enable-remote-write-receiver', '--enable-feature=promql-experimental-functions'];
      peer = await Prometheus.start(join(dir, 'data'), config, [
        `--web.listen-address=127.0.0.1:${await freePort()}`,
        ...flags,
      ]);
      const minutes = ([, from, to]: (typeof SERIES)[number]): number[] =>
        Array.from({ length: to - from + 1 }, (_, i) => START + (from + i) * MINUTE);
      for (const each of SERIES)
        for (const time of minutes(each)) memory.add(each[0], time, (time - START) / MINUTE);
      await peer.write(
        SERIES.map((each) => ({
          labels: Labels.from(each[0]),
          samples: minutes(each).map((time) => ({ time, value: (time - START) / MINUTE })),
          exemplars: [],
        })),
      );
    }, 90_000);
    afterAll(async () => {
      await peer?.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    const ours = async (query: string, time: number): Promise<unknown> => {
      try {
        const { value } = await engine.instant(memory, query, time);
        if (value.type !== 'vector') throw new Error(value.type);
        return sorted(value.samples.map(({ labels, value: each }) => [labels.toObject(), each]));
      } catch (error) {
        if (error instanceof QueryError) return error.message;
        throw error;
      }
    };
    const theirs = async (query: string, time: number): Promise<unknown> => {
      try {
        const result = (await peer.query({ query, time: String(time / 1000) }, 'query')) as {
          metric: Record<string, string>;
          value: [number, string];
        }[];
        return sorted(result.map(({ metric, value }) => [metric, Number(value[1])]));
      } catch (error) {
        return (error as Error).message;
      }
    };

    test.each(QUERIES)('%s', async (query) => {
      for (const minute of [5, 12, 23]) {
        const time = START + minute * MINUTE;
        expect(await ours(query, time)).toEqual(await theirs(query, time));
      }
    });
  },
);

function sorted(result: [Record<string, string>, number][]): [Record<string, string>, number][] {
  const key = ([labels]: [Record<string, string>, number]): string => Labels.from(labels).key;
  return result.sort((x, y) => (key(x) < key(y) ? -1 : 1));
}
