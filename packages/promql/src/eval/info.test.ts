import { describe, expect, test } from 'vitest';
import { Engine, FEATURES, MemoryStorage } from '../index.ts';

const MINUTE = 60_000;

function storage(
  ...lines: readonly (readonly [labels: Record<string, string>, from: number, to: number])[]
): MemoryStorage {
  const memory = new MemoryStorage();
  for (const [labels, from, to] of lines)
    for (let minute = from; minute <= to; minute++) memory.add(labels, minute * MINUTE, minute);
  return memory;
}

const a = { job: 'x', instance: 'a' };
const b = { job: 'x', instance: 'b' };
const common = [
  [{ __name__: 'up', ...a }, 0, 20],
  [{ __name__: 'up', ...b }, 0, 20],
  [{ __name__: 'bare' }, 0, 20],
  [{ __name__: 'target_info', ...a, version: '1', zone: 'w' }, 0, 20],
  [{ __name__: 'build_info', ...a, revision: 'r1', version: '1' }, 0, 20],
] as const;

async function query(memory: MemoryStorage, expr: string, minute = 10): Promise<string[]> {
  const engine = new Engine({ features: FEATURES });
  const { value } = await engine.instant(memory, expr, minute * MINUTE);
  return value.type === 'vector' ? value.samples.map(({ labels }) => String(labels)) : [];
}

describe('info()', () => {
  test.each([
    ['info(up)', ['up{instance="a", job="x", version="1", zone="w"}', 'up{instance="b", job="x"}']],
    ['info(up, {version=~".+"})', ['up{instance="a", job="x", version="1"}']],
    ['info(up, {version=~".*"})', ['up{instance="a", job="x", version="1"}', 'up{instance="b", job="x"}']],
    ['info(up, {version="2"})', []],
    ['info(up, {revision=~".*"})', ['up{instance="a", job="x"}', 'up{instance="b", job="x"}']],
    [
      'info(up, {__name__="build_info"})',
      ['up{instance="a", job="x", revision="r1", version="1"}', 'up{instance="b", job="x"}'],
    ],
    [
      'info(up, {__name__!="build_info"})',
      ['up{instance="a", job="x", version="1", zone="w"}', 'up{instance="b", job="x"}'],
    ],
    [
      'info(up, {__name__=~".+_info"})',
      ['up{instance="a", job="x", revision="r1", version="1", zone="w"}', 'up{instance="b", job="x"}'],
    ],
    ['info(bare)', ['bare']],
    ['info(bare, {version="1"})', []],
    ['info(target_info)', ['target_info{instance="a", job="x", version="1", zone="w"}']],
    ['info(rate(up[5m]))', ['{instance="a", job="x", version="1", zone="w"}', '{instance="b", job="x"}']],
    ['info(nothing)', []],
  ])('%s', async (expr, expected) => {
    expect(await query(storage(...common), expr)).toEqual(expected);
  });

  test('a series keeps its own labels', async () => {
    const memory = storage(
      [{ __name__: 'up', ...a, version: 'mine' }, 0, 20],
      [{ __name__: 'target_info', ...a, version: '1' }, 0, 20],
    );
    expect(await query(memory, 'info(up)')).toEqual(['up{instance="a", job="x", version="mine"}']);
  });

  test('of two info series the one with the newer sample counts', async () => {
    const memory = storage(
      [{ __name__: 'up', ...a }, 0, 20],
      [{ __name__: 'target_info', ...a, version: '1' }, 0, 9],
      [{ __name__: 'target_info', ...a, version: '2' }, 10, 20],
    );
    expect(await query(memory, 'info(up)', 12)).toEqual(['up{instance="a", job="x", version="2"}']);
    const engine = new Engine({ features: FEATURES });
    const { value } = await engine.range(memory, 'info(up)', 0, 20 * MINUTE, MINUTE);
    expect(
      value.type === 'matrix' &&
        value.series.map(({ labels, samples }) => [String(labels), samples.values.length]),
    ).toEqual([
      ['up{instance="a", job="x", version="1"}', 10],
      ['up{instance="a", job="x", version="2"}', 11],
    ]);
  });

  test('two that are as new cannot be told apart', async () => {
    const memory = storage(
      [{ __name__: 'up', ...a }, 0, 20],
      [{ __name__: 'target_info', ...a, version: '1' }, 0, 20],
      [{ __name__: 'target_info', ...a, version: '2' }, 0, 20],
    );
    await expect(query(memory, 'info(up)')).rejects.toThrow(
      'found duplicate series for info metric target_info',
    );
  });

  test('two info metrics must agree on what they add', async () => {
    const memory = storage(
      [{ __name__: 'up', ...a }, 0, 20],
      [{ __name__: 'target_info', ...a, version: '1' }, 0, 20],
      [{ __name__: 'build_info', ...a, version: '2' }, 0, 20],
    );
    await expect(query(memory, 'info(up, {__name__=~".+_info"})')).rejects.toThrow(
      'conflicting label: version',
    );
  });

  test.each([
    ['info(up offset 10m)', '1'],
    ['info(up @ 240)', '1'],
    ['info(max_over_time(up[3m:1m] offset 10m))', '1'],
    ['info(max_over_time((up offset 5m)[3m:1m] offset 5m))', '1'],
    ['info(up)', '2'],
  ])('info series are looked for where the series are: %s', async (expr, version) => {
    const memory = storage(
      [{ __name__: 'up', ...a }, 0, 20],
      [{ __name__: 'target_info', ...a, version: '1' }, 0, 9],
      [{ __name__: 'target_info', ...a, version: '2' }, 10, 20],
    );
    expect((await query(memory, expr, 15))[0]).toContain(`version="${version}"`);
  });
});
